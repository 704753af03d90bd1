import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import type { ScoreHistorySeries } from "../api/client";
import { locale, number, t } from "../i18n";
import { lineColor, lineDash } from "./lines";

/** A stretch of time, in Unix seconds. */
export interface Stretch {
  min: number;
  max: number;
}

/**
 * Teams over time, as steps. `zoom`: the stretch that is shown, all of it without; dragging over
 * the graph chooses one, a double click leaves it. `point` is told where the pointer is.
 */
export function ScoreGraph({
  series,
  height,
  from,
  until,
  zoom,
  onZoom,
  onPoint,
}: {
  series: ScoreHistorySeries[];
  /** In pixels; without, as much as there is. */
  height?: number;
  /** Unix seconds; without, the first answer and the present. */
  from?: number;
  until?: number;
  zoom?: Stretch | null;
  onZoom?: (stretch: Stretch | null) => void;
  onPoint?: (at: number | null) => void;
}) {
  const scheme = useComputedColorScheme();
  const { ref, width, height: found } = useElementSize();
  const tall = height ?? found;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const told = useRef({ onZoom, onPoint });
  told.current = { onZoom, onPoint };
  const lines = series.map(({ team_id }) => team_id).join(" ");
  const interactive = Boolean(onZoom);
  const data = useMemo(() => aligned(series, from, until), [series, from, until]);
  const drawn = useRef(data);
  drawn.current = data;

  // Made anew only where other teams are drawn, or on another canvas: new points keep the zoom.
  useEffect(() => {
    if (!host.current || !width || !tall) return;
    const ink = scheme === "dark" ? "#a0abb3" : "#4b555d";
    const em = Number.parseFloat(getComputedStyle(host.current).fontSize);
    const font = `${em}px ${getComputedStyle(host.current).fontFamily}`;
    const grid = { width: 1, stroke: scheme === "dark" ? "#28323a" : "#e4e8ea" };
    const axis = { stroke: ink, font, grid, ticks: grid };
    const made = new uPlot(
      {
        width,
        height: tall,
        legend: { show: false },
        padding: [em, 2.2 * em, 0, 0],
        cursor: {
          show: interactive,
          y: false,
          drag: { x: interactive, y: false, setScale: false },
          points: { show: false },
          // uPlot's own would show all that there is; the stretch is the page's to say.
          bind: {
            dblclick: () => () => {
              told.current.onZoom?.(null);
              return null;
            },
          },
        },
        hooks: {
          setCursor: [(of) => told.current.onPoint?.(timeAt(of))],
          setSelect: [
            (of) => {
              const { left, width: wide } = of.select;
              if (wide < 4) return;
              const [min, max] = [of.posToVal(left, "x"), of.posToVal(left + wide, "x")];
              of.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              told.current.onZoom?.({ min, max });
            },
          ],
        },
        scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high) * 1.05] } },
        axes: [
          { ...axis, values: clock, space: 6 * em, size: 2.6 * em, incrs: SECONDS },
          {
            ...axis,
            incrs: WHOLE,
            space: 3 * em,
            values: (_, ticks) => ticks.map(number),
            size: (_, values) =>
              Math.max(2, ...(values ?? []).map((label) => label.length)) * 0.62 * em + 16,
          },
        ],
        series: [
          {},
          ...lines
            .split(" ")
            .filter(Boolean)
            .map((id, place) => ({
              label: id,
              stroke: lineColor(place),
              dash: lineDash(place, em),
              width: Math.max(2, em / 7),
              paths: uPlot.paths.stepped!({ align: 1 }),
              points: { show: false },
            })),
        ],
      },
      drawn.current,
      host.current,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [lines, width, tall, scheme, interactive]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: one that was made anew has no scale yet
  useEffect(() => {
    plot.current?.batch(() => {
      plot.current?.setData(data, false);
      plot.current?.setScale("x", zoom ?? { min: data[0][0]!, max: data[0].at(-1)! });
    });
  }, [data, zoom, lines, width, tall, scheme, interactive]);
  return (
    <div ref={ref} className={height ? undefined : "fill"}>
      <div ref={host} role="img" aria-label={t("The best teams over time")} />
    </div>
  );
}

const WHOLE = [1, 2, 5].flatMap((step) => [
  step,
  step * 10,
  step * 100,
  step * 1000,
  step * 10_000,
]);
WHOLE.sort((a, b) => a - b);
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const SECONDS = [
  ...[1, 5, 10, 30],
  ...[1, 2, 5, 10, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 30, 100, 365].map((n) => n * DAY),
];

const timeAt = ({ cursor, posToVal }: uPlot) =>
  cursor.left === undefined || cursor.left < 0 ? null : posToVal(cursor.left, "x");

/** Times on an axis: the second within ten minutes, the hour within two days, else the day. */
function clock(plot: uPlot, ticks: number[]): string[] {
  const { min, max } = plot.scales.x ?? {};
  const span = (max ?? 0) - (min ?? 0);
  const parts: Intl.DateTimeFormatOptions =
    span < 600
      ? { hour: "2-digit", minute: "2-digit", second: "2-digit" }
      : span < 2 * DAY
        ? { hour: "2-digit", minute: "2-digit" }
        : { day: "numeric", month: "short" };
  const words = new Intl.DateTimeFormat(locale, parts);
  return ticks.map((at) => words.format(at * 1000));
}

/** All series on one time axis, from one end to the other. */
function aligned(
  series: ScoreHistorySeries[],
  from = Number.POSITIVE_INFINITY,
  until = Date.now() / 1000,
): uPlot.AlignedData {
  const times = new Set<number>([until]);
  if (from < until) times.add(from);
  for (const { points } of series) for (const { ts } of points) times.add(ts ?? 0);
  const axis = [...times].sort((a, b) => a - b);
  return [
    axis,
    ...series.map(({ points }) => {
      const at = new Map(points.map(({ ts, score }) => [ts ?? 0, score ?? 0]));
      let last = 0;
      return axis.map((ts) => {
        last = at.get(ts) ?? last;
        return last;
      });
    }),
  ];
}
