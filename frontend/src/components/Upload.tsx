import { Button, FileButton } from "@mantine/core";
import { useRef } from "react";

/** How a file is sent: as it is, whatever the browser takes it for. */
export const asItIs = (file: File) => ({
  body: file as never,
  bodySerializer: (body: unknown) => body as never,
  headers: { "Content-Type": "application/octet-stream" },
});

/** A button that asks for an image. */
export function Upload({
  label,
  busy,
  send,
}: {
  label: string;
  busy: boolean;
  send: (file: File) => void;
}) {
  const again = useRef<() => void>(null); // the same file may be chosen twice
  return (
    <FileButton
      accept="image/png,image/jpeg,image/webp"
      resetRef={again}
      onChange={(file) => {
        if (file) send(file);
        again.current?.();
      }}
      inputProps={{ "aria-label": label }}
    >
      {(props) => (
        <Button {...props} variant="default" size="xs" loading={busy}>
          {label}
        </Button>
      )}
    </FileButton>
  );
}
