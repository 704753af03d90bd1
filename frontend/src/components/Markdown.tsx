import { Skeleton } from "@mantine/core";
import { Suspense } from "react";
import { lazyComponent } from "../api/lazyLoad";

const Prose = lazyComponent(async () => (await import("./Prose")).Prose);

/** Markdown that somebody wrote, safe to show; `imagesOf`: the challenge whose text it is. */
export function Markdown({ text, imagesOf }: { text: string; imagesOf?: string }) {
  if (!text.trim()) return null;
  return (
    <Suspense fallback={<Skeleton height={Math.min(200, 24 + text.length / 4)} />}>
      <Prose text={text} imagesOf={imagesOf} />
    </Suspense>
  );
}

/** Markdown's signs left out, for a card: of links and pictures the words stay. */
export const plain = (text: string) =>
  text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^\s*(?:#{1,6}|[-+*]|\d+\.|>)\s+/gm, "")
    .replace(/^\s*(?:[-*_]\s*){3,}$/gm, "")
    .replace(/[*`~|]+|\b_+|_+\b/g, "");
