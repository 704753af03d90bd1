import { api, type Branding } from "./client";

const PLAIN: Branding = {
  event_name: "ctfy",
  accent_color: "",
  palette: null,
  logo: null,
  favicon: null,
  landing_text: "",
  footer_text: "",
  pages: [],
};

/** What the page came with, so that nothing else is shown before it. */
function given(): Branding | undefined {
  const held = document.querySelector<HTMLMetaElement>('meta[name="ctfy-branding"]')?.content;
  return held ? JSON.parse(held) : undefined;
}

/** The platform's name, colours, images, texts and pages. */
export function useBranding(): Branding {
  const query = api.useQuery(
    "get",
    "/api/v1/branding",
    {},
    { initialData: given, staleTime: Number.POSITIVE_INFINITY },
  );
  return query.data ?? PLAIN;
}
