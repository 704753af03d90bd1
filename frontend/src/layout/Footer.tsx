import { Group } from "@mantine/core";
import { useBranding } from "../api/branding";
import { A } from "../components/links";
import { Markdown } from "../components/Markdown";
import { t } from "../i18n";

/** The organiser's pages and words, below every page; nothing where there are none. */
export function Footer() {
  const { footer_text, pages } = useBranding();
  if (!footer_text.trim() && !pages.length) return null;
  return (
    <footer className="footer">
      {pages.length > 0 && (
        <Group component="nav" gap="md" aria-label={t("Pages")}>
          {pages.map(({ slug, title }) => (
            <A key={slug} to="/pages/$slug" params={{ slug }} size="sm" className="wrap">
              {title}
            </A>
          ))}
        </Group>
      )}
      <Markdown text={footer_text} />
    </footer>
  );
}
