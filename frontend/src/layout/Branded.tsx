import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { type ReactNode, useEffect, useMemo } from "react";
import { useBranding } from "../api/branding";
import { accented, variables } from "../theme";

const schemes = localStorageColorSchemeManager({ key: "ctfy-scheme" });

/** The component library in the organiser's colour, and their icon in the browser's tab. */
export function Branded({ nonce, children }: { nonce: string; children: ReactNode }) {
  const { palette, favicon } = useBranding();
  const theme = useMemo(() => accented(palette), [palette]);
  const icon = favicon?.url ?? "/favicon.svg";
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!link || link.getAttribute("href") === icon) return;
    link.type = favicon ? "image/png" : "image/svg+xml";
    link.href = icon;
  }, [icon, favicon]);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
      deduplicateCssVariables
    >
      {children}
    </MantineProvider>
  );
}
