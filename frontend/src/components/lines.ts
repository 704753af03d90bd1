// Told apart by people who see colours differently (Okabe and Ito), on dark and on light.
const COLORS = [
  "#e69f00",
  "#56b4e9",
  "#009e73",
  "#d0b400",
  "#2f7fd0",
  "#d55e00",
  "#cc79a7",
  "#8a63d2",
  "#7a8a91",
  "#c0392b",
];

/** The most lines that can be told apart: each colour once whole, and once dashed. */
export const MOST_LINES = 2 * COLORS.length;

/** The colour of a graph's line. */
export const lineColor = (place: number) => COLORS[place % COLORS.length]!;

/** Whether a line is dashed, in pixels; the colours come twice. */
export const lineDash = (place: number, em: number) =>
  place < COLORS.length ? undefined : [em / 2, em / 3];
