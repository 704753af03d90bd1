import { useEffect, useRef, useState } from "react";
import type { WallSolve } from "../api/client";

const EVENT_MS = 8000;
const MOST_WAITING = 5;
// When a freeze is lifted, all that it hid arrives at once, and nothing of it happens now.
const OLD_MS = 600_000;

export const solveKey = (solve: WallSolve) => `${solve.team_id} ${solve.challenge_id}`;

/** What was solved since the last look: whose rows are fresh, and the first blood to show, if any. */
export function useNews(latest: WallSolve[], announced: (solve: WallSolve) => void) {
  const known = useRef<Set<string> | null>(null);
  const [fresh, setFresh] = useState(new Set<string>());
  const [waiting, setWaiting] = useState<WallSolve[]>([]);
  useEffect(() => {
    const before = known.current;
    known.current = new Set([...(before ?? []), ...latest.map(solveKey)]);
    if (!before) return;
    const news = latest.filter((solve) => !before.has(solveKey(solve)));
    setFresh(new Set(news.map(({ team_id }) => team_id)));
    const firsts = news.filter(
      ({ rank, solved_at }) => rank === 1 && Date.now() - Date.parse(solved_at ?? "") < OLD_MS,
    );
    if (firsts.length)
      setWaiting((others) => [...others, ...firsts.reverse()].slice(-MOST_WAITING));
  }, [latest]);
  const blood = waiting[0];
  const announce = useRef(announced);
  announce.current = announced;
  useEffect(() => {
    if (!blood) return;
    announce.current(blood);
    const timer = setTimeout(() => setWaiting(([, ...others]) => others), EVENT_MS);
    return () => clearTimeout(timer);
  }, [blood]);
  return { fresh, blood };
}
