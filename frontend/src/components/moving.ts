import { useLayoutEffect, useRef } from "react";

/** Whether the person here wants things to move. */
export const wantsMotion = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

const GLIDE: KeyframeAnimationOptions = { duration: 700, easing: "cubic-bezier(.2, .8, .2, 1)" };
const MOST_ROWS = 14; // who comes from farther away starts there: it would fly by unseen

/**
 * Lets the rows of a ranking glide to their new places: those with `data-row` in the box, which are
 * as many as are seen, however long the list of `ids` is. What else decides which rows there are
 * (a search, a page) is `shown`: when that changes, nothing moves.
 */
export function useRowMoves<Box extends HTMLElement>(ids: string[], shown = "") {
  const box = useRef<Box>(null);
  const before = useRef<{ ids: string[]; shown: string }>(null);
  useLayoutEffect(() => {
    const old = before.current;
    before.current = { ids, shown };
    if (!old || old.ids === ids || old.shown !== shown || !wantsMotion()) return;
    const rows = box.current?.querySelectorAll<HTMLElement>("[data-row]");
    if (!rows?.length) return;
    const places = new Map(old.ids.map((id, place) => [id, place]));
    const present = new Map(ids.map((id, place) => [id, place]));
    const height = rows[0]!.offsetHeight;
    for (const row of rows) {
      const [was, is] = [places.get(row.dataset.row!), present.get(row.dataset.row!)];
      if (was === undefined || is === undefined || was === is) continue;
      const far = Math.max(-MOST_ROWS, Math.min(MOST_ROWS, was - is)) * height;
      const zIndex = was > is ? 2 : 1; // who rises passes in front
      row.animate(
        [
          { transform: `translateY(${far}px)`, zIndex },
          { transform: "none", zIndex },
        ],
        GLIDE,
      );
    }
  }, [ids, shown]);
  return box;
}
