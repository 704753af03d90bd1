import encodeQR from "qr";

/** A text as a QR code, on white: cameras want the dark cells dark. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const cells = encodeQR(text, "raw", { ecc: "medium", border: 2 });
  const dark = cells.flatMap((row, y) =>
    row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return (
    <svg
      viewBox={`0 0 ${cells.length} ${cells.length}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={cells.length} height={cells.length} fill="white" />
      <path d={dark.join("")} fill="black" />
    </svg>
  );
}
