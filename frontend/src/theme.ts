import {
  type CSSVariablesResolver,
  createTheme,
  DEFAULT_THEME,
  type MantineColorsTuple,
  mergeMantineTheme,
} from "@mantine/core";
import type { AccentPalette } from "./api/client";
import { t } from "./i18n";

/**
 * Colours that keep a contrast of 4.5 : 1 (WCAG AA) in both schemes: the library's own shades for
 * dimmed text and tinted badges fall short of it.
 */
// Made when the language is known.
const theme = () =>
  mergeMantineTheme(
    DEFAULT_THEME,
    createTheme({
      primaryColor: "brand",
      primaryShade: 8,
      autoContrast: true,
      luminanceThreshold: 0.35,
      defaultRadius: "md",
      fontFamily: "Inter, ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
      fontFamilyMonospace: "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, monospace",
      headings: { fontWeight: "650" },
      colors: {
        brand: [
          "#e3fbf2",
          "#c7f5e3",
          "#95ebca",
          "#5fdfaf",
          "#34d399",
          "#16b981",
          "#0d9c6c",
          "#0a8159",
          "#087050",
          "#055a40",
        ],
        dark: [
          "#d5dbdf",
          "#b6bfc6",
          "#a0abb3",
          "#66727b",
          "#37424a",
          "#28323a",
          "#1d262c",
          "#151c21",
          "#10161a",
          "#0a0e11",
        ],
      },
      components: {
        // Where there is little room, other things give way before a button's words do.
        Button: { styles: { root: { flexShrink: 0 } } },
        // The name stands beside it.
        Avatar: { defaultProps: { alt: "" } },
        Anchor: { defaultProps: { underline: "hover" } },
        Table: { defaultProps: { verticalSpacing: "xs", highlightOnHover: true } },
        Notification: { defaultProps: { closeButtonProps: { "aria-label": t("Close") } } },
        Modal: {
          defaultProps: {
            centered: true,
            overlayProps: { blur: 2 },
            closeButtonProps: { "aria-label": t("Close") },
            // The library's element for it is a page's own banner to screen readers.
            attributes: { header: { role: "none" } },
          },
        },
      },
    }),
  );

/** The theme in an organiser's colour, whose contrasts the server has seen to. */
export function accented(palette: AccentPalette | null | undefined) {
  if (!palette) return theme();
  const brand = palette.shades as unknown as MantineColorsTuple;
  return mergeMantineTheme(theme(), {
    colors: { brand },
    other: { fillOnDark: palette.fill_on_dark },
  });
}

export const variables: CSSVariablesResolver = (used) => {
  const brand = used.colors.brand!;
  const light: Record<string, string> = {
    "--mantine-color-dimmed": "#4b555d",
    "--mantine-color-placeholder": "#5f6a72",
    "--mantine-color-body": "#fbfcfc",
    "--mantine-color-error": "#b42318",
    "--mantine-color-anchor": brand[8]!,
    "--ctfy-card": "#ffffff",
    "--ctfy-line": "#dfe4e7",
    "--ctfy-solved": "#e3fbf2",
  };
  const dark: Record<string, string> = {
    "--mantine-color-dimmed": "#a0abb3",
    "--mantine-color-placeholder": "#8d99a1",
    "--mantine-color-body": "#10161a",
    "--mantine-color-error": "#ff8f85",
    "--mantine-color-anchor": brand[3]!,
    "--ctfy-card": "#151c21",
    "--ctfy-line": "#28323a",
    "--ctfy-solved": "#0d2b22",
  };
  for (const [name, shades] of Object.entries(used.colors)) {
    const ink = `color-mix(in srgb, ${shades[9]} 70%, black)`;
    light[`--mantine-color-${name}-light-color`] = ink;
    light[`--mantine-color-${name}-text`] = ink;
    light[`--mantine-color-${name}-outline`] = ink;
    dark[`--mantine-color-${name}-light-color`] = shades[2];
    dark[`--mantine-color-${name}-text`] = shades[3];
  }
  if (used.other.fillOnDark) {
    dark["--mantine-color-brand-filled"] = used.other.fillOnDark;
    dark["--mantine-color-brand-filled-hover"] =
      `color-mix(in srgb, ${used.other.fillOnDark} 88%, black)`;
  }
  return { variables: {}, light, dark };
};
