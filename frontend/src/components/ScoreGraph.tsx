import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { ScoreHistorySeries } from "../api/client";
import { axisTime, t } from "../i18n";

// Told apart by people who see colours differently (Okabe and Ito), on dark and on light.
const COLORS = [
  "#e69f00",
  "#56b4e9",
  "#009e73",
  "#d0b400",
  "#0072b2",
  "#d55e00",
  "#cc79a7",
  "#8a63d2",
  "#7a8a91",
  "#c0392b",
];

/** The best teams over time, as steps. */
export function ScoreGraph({
  series,
  height = 380,
}: {
  series: ScoreHistorySeries[];
  height?: number;
}) {
  const scheme = useComputedColorScheme();
  const { ref, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current || !width) return;
    const ink = scheme === "dark" ? "#a0abb3" : "#4b555d";
    const axis = { stroke: ink, grid: { stroke: scheme === "dark" ? "#28323a" : "#e4e8ea" } };
    const plot = new uPlot(
      {
        width,
        height,
        legend: { live: false },
        axes: [
          { ...axis, values: clock },
          { ...axis, size: 44 },
        ],
        series: [
          {},
          ...series.map(({ team_name }, place) => ({
            label: team_name,
            stroke: COLORS[place % COLORS.length]!,
            width: 2,
            paths: uPlot.paths.stepped!({ align: 1 }),
            points: { show: false },
            spanGaps: true,
          })),
        ],
      },
      aligned(series),
      host.current,
    );
    return () => plot.destroy();
  }, [series, width, height, scheme]);
  return (
    <div ref={ref}>
      <div ref={host} role="img" aria-label={t("The best teams over time")} />
    </div>
  );
}

const clock = (plot: uPlot, ticks: number[]) => {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  return ticks.map((at) => axisTime(at, (max ?? 0) - (min ?? 0)));
};

/** All series on one time axis, with the present as its end. */
function aligned(series: ScoreHistorySeries[]): uPlot.AlignedData {
  const times = new Set<number>([Date.now() / 1000]);
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
