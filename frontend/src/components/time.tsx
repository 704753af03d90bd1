import { Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { ago, date, duration, moment } from "../i18n";

type At = string | number | null | undefined;

/** The present, in milliseconds, renewed every `every` milliseconds. */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** How long ago; the exact time as a tooltip. */
export function Ago({ at }: { at: At }) {
  const now = useNow(10_000);
  if (!date(at)) return <>–</>;
  return (
    <time dateTime={date(at)?.toISOString()} title={moment(at)}>
      {ago(at, now)}
    </time>
  );
}

/** Seconds until a time, not below 0. */
export function useSecondsTo(at: At): number {
  const now = useNow();
  return Math.max(0, ((date(at)?.getTime() ?? now) - now) / 1000);
}

/** The time left, ticking, or as it was when the clock stopped; digits of one width. */
export function Countdown({ to, stopped, size = "sm" }: { to: At; stopped?: At; size?: string }) {
  const ticking = useSecondsTo(to);
  const since = date(stopped)?.getTime();
  const left = since ? Math.max(0, ((date(to)?.getTime() ?? since) - since) / 1000) : ticking;
  return (
    <Text component="span" size={size} fw={600} className="digits" role="timer">
      {duration(left)}
    </Text>
  );
}
