import "./Celebration.css";
import { VisuallyHidden } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { SubmissionResponse } from "../api/client";
import { Blood } from "../components/Blood";
import { wantsMotion } from "../components/moving";
import { number, t } from "../i18n";
import { throwConfetti } from "./confetti";
import { useCompetition } from "./useCompetition";

const SHOWN_MS = 10_000;
const COUNTED_MS = 900;

/** What a team had before an answer. */
export interface Before {
  points: number;
  rank: number;
}

/** A right answer: what it brought, as soon as it is known. Goes away by itself. */
export function Celebration({
  answer,
  before,
  done,
}: {
  answer: SubmissionResponse;
  before: Before;
  done: () => void;
}) {
  const competition = useCompetition().data;
  const whole = Boolean(answer.challenge_fully_solved);
  const blood = whole && answer.solve_rank === 1;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const finish = useRef(done);
  finish.current = done;
  useEffect(() => {
    const timer = setTimeout(() => finish.current(), SHOWN_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    // Nobody is typing then; and what comes above may have pushed this off a phone's screen.
    const behavior = wantsMotion() ? "smooth" : "instant";
    if (whole) box.current?.scrollIntoView({ block: "center", behavior });
  }, [whole]);
  useEffect(
    () => (canvas.current ? throwConfetti(canvas.current, whole ? 220 : 40, blood) : undefined),
    [whole, blood],
  );
  const points = competition?.my_points ?? -1;
  const rank = competition?.my_rank ?? -1;
  // As it was first told: what comes later has other reasons.
  const [after, setAfter] = useState(before);
  if (after === before && (points !== before.points || rank !== before.rank))
    setAfter({ points, rank });
  const gained = after.points - before.points;
  const counts = competition?.rank_by === "points" && before.points >= 0 && gained > 0;
  return (
    <div className="cheer" ref={box} data-blood={blood || undefined}>
      <strong>
        {blood ? (
          <>
            <Blood /> {t("First blood!")}
          </>
        ) : whole ? (
          t("Solved!")
        ) : (
          t("Correct!")
        )}{" "}
        {counts && <Gained points={gained} />}
      </strong>
      {after.rank > 0 && before.rank > 0 && after.rank !== before.rank && (
        <p>{t("Your team is now #{n}.", { n: after.rank })}</p>
      )}
      {(answer.solve_rank ?? 0) > 1 && (
        <p>{t("Team #{n} to solve it.", { n: answer.solve_rank! })}</p>
      )}
      {wantsMotion() &&
        (whole ? (
          createPortal(<canvas ref={canvas} className="confetti" aria-hidden />, document.body)
        ) : (
          <canvas ref={canvas} aria-hidden />
        ))}
    </div>
  );
}

/** Points, counted up to the eye; to the ear they are said once. */
function Gained({ points }: { points: number }) {
  const [shown, setShown] = useState(wantsMotion() ? 0 : points);
  useEffect(() => {
    if (!wantsMotion()) return setShown(points);
    const began = performance.now();
    let frame = requestAnimationFrame(function count(now) {
      const share = Math.min(1, (now - began) / COUNTED_MS);
      setShown(Math.round(points * (1 - (1 - share) ** 3)));
      if (share < 1) frame = requestAnimationFrame(count);
    });
    return () => cancelAnimationFrame(frame);
  }, [points]);
  return (
    <>
      <span aria-hidden className="digits">
        {t("+{points} points", { points: number(shown) })}
      </span>
      <VisuallyHidden>{t("+{points} points", { points: number(points) })}</VisuallyHidden>
    </>
  );
}
