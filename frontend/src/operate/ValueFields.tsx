import { Group, NativeSelect, Stack, Text } from "@mantine/core";
import { number, t } from "../i18n";
import { NumberInput } from "./inputs";

export interface Falling {
  initial: number;
  minimum: number;
  decay?: number;
  step?: number;
}
export type Worth = number | Falling;

/** What a challenge is worth after so many solves; as the server counts it. */
export function worthAfter(value: Worth, solves: number): number {
  if (typeof value === "number") return value;
  const more = Math.max(solves - 1, 0);
  if (value.step) return Math.max(value.minimum, value.initial - value.step * more);
  const decay = value.decay || 1;
  const steps = Math.min(more, decay);
  const fallen = ((value.initial - value.minimum) * steps * steps) / (decay * decay);
  return Math.max(value.minimum, Math.ceil(value.initial - fallen));
}

/** Points for a challenge: a number, or one that falls with each solve, with a picture of it. */
export function ValueFields({ value, set }: { value: Worth; set: (value: Worth) => void }) {
  const kind = typeof value === "number" ? "fixed" : value.step ? "step" : "decay";
  const falls: Falling =
    typeof value === "number"
      ? { initial: value, minimum: Math.floor(value / 5), decay: 20 }
      : value;
  const choose = (next: string) => {
    const { initial, minimum } = falls;
    if (next === "fixed") set(initial);
    else if (next === "step") set({ initial, minimum, step: 10 });
    else set({ initial, minimum, decay: 20 });
  };
  return (
    <Stack gap="sm">
      <Group grow align="end">
        <NativeSelect
          label={t("Value")}
          value={kind}
          onChange={(event) => choose(event.currentTarget.value)}
          data={[
            { value: "fixed", label: t("always the same") },
            { value: "decay", label: t("falls along a curve") },
            { value: "step", label: t("falls by steps") },
          ]}
        />
        <NumberInput
          label={kind === "fixed" ? t("Points") : t("Points for the first")}
          value={falls.initial}
          onChange={(points) => {
            const initial = Number(points) || 0;
            set(kind === "fixed" ? initial : { ...falls, initial });
          }}
          min={0}
          max={1_000_000}
        />
      </Group>
      {kind !== "fixed" && (
        <>
          <Group grow align="end">
            <NumberInput
              label={t("At least")}
              value={falls.minimum}
              onChange={(points) => set({ ...falls, minimum: Number(points) || 0 })}
              min={0}
              error={falls.minimum > falls.initial && t("More than the first points")}
            />
            {kind === "decay" ? (
              <NumberInput
                label={t("Solves until then")}
                value={falls.decay}
                onChange={(decay) => set({ ...falls, decay: Math.max(1, Number(decay) || 1) })}
                min={1}
              />
            ) : (
              <NumberInput
                label={t("Points less with each solve")}
                value={falls.step}
                onChange={(step) => set({ ...falls, step: Math.max(1, Number(step) || 1) })}
                min={1}
              />
            )}
          </Group>
          <Curve value={falls} />
        </>
      )}
    </Stack>
  );
}

const WIDTH = 300;
const HEIGHT = 60;

function Curve({ value }: { value: Falling }) {
  const most = value.step
    ? Math.ceil((value.initial - value.minimum) / value.step) + 2
    : (value.decay ?? 1) + 2;
  const solves = Math.min(most, 100_000);
  const at = Array.from({ length: 61 }, (_, place) => Math.round((place * solves) / 60));
  const line = at
    .map((count) => {
      const x = (WIDTH * count) / solves;
      const y = HEIGHT * (1 - worthAfter(value, count) / Math.max(value.initial, 1));
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
  const half = Math.ceil(solves / 2);
  const words = t("{first} points for the first, {middle} after {n} solves, {last} at the end", {
    first: number(value.initial),
    middle: number(worthAfter(value, half)),
    n: number(half),
    last: number(value.minimum),
  });
  return (
    <figure style={{ margin: 0 }}>
      <svg
        viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
        width="100%"
        height={HEIGHT + 4}
        preserveAspectRatio="none"
        aria-hidden
      >
        <polyline
          points={line}
          fill="none"
          stroke="var(--mantine-primary-color-filled)"
          strokeWidth={2}
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <Text component="figcaption" size="xs" c="dimmed">
        {words}
      </Text>
    </figure>
  );
}
