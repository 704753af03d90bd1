import { Skeleton, Typography } from "@mantine/core";
import { lazy, Suspense } from "react";

const Rendered = lazy(async () => {
  const [{ default: ReactMarkdown }, { default: gfm }] = await Promise.all([
    import("react-markdown"),
    import("remark-gfm"),
  ]);
  // Raw HTML stays text, addresses other than http(s) and mail are dropped; images would tell
  // another server who reads the page, so they become links.
  const components = {
    a: ({ href, children }: { href?: string; children?: React.ReactNode }) => (
      <a href={href} rel="noopener noreferrer nofollow" target="_blank">
        {children}
      </a>
    ),
    img: ({ src, alt }: { src?: unknown; alt?: string }) => (
      <a href={String(src ?? "")} rel="noopener noreferrer nofollow" target="_blank">
        {alt || String(src)}
      </a>
    ),
    h1: "h3",
    h2: "h4",
    h3: "h5",
  } as const;
  return {
    default: ({ text }: { text: string }) => (
      <ReactMarkdown remarkPlugins={[gfm]} components={components}>
        {text}
      </ReactMarkdown>
    ),
  };
});

/** Markdown that somebody wrote, safe to show. */
export function Markdown({ text }: { text: string }) {
  if (!text.trim()) return null;
  return (
    <Typography className="prose">
      <Suspense fallback={<Skeleton height={Math.min(200, 24 + text.length / 4)} />}>
        <Rendered text={text} />
      </Suspense>
    </Typography>
  );
}

/** Markdown's signs left out, for a card. */
export const plain = (text: string) => text.replace(/[*_`#>]+/g, "");
