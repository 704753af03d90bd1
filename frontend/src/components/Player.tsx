import "@mantine/core/styles/Slider.css";
import "@xterm/xterm/css/xterm.css";
import { Button, Group, Slider, Stack, Text } from "@mantine/core";
import { Terminal } from "@xterm/xterm";
import { useEffect, useMemo, useRef, useState } from "react";
import { duration, t } from "../i18n";
import { terminalDocument } from "./terminalDocument";

type Frame = [at: number, kind: string, text: string];
const STEP_MS = 50;
const LONGEST_PAUSE_S = 2;

/** Plays an asciicast (version 2); pauses longer than two seconds are cut short. */
export function Player({ cast }: { cast: string }) {
  const host = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal | null>(null);
  const shown = useRef(0);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(true);
  const { header, frames, length } = useMemo(() => read(cast), [cast]);
  useEffect(() => {
    const made = new Terminal({
      cols: header.width,
      rows: header.height,
      fontSize: 13,
      disableStdin: true,
      documentOverride: terminalDocument(),
    });
    made.open(host.current!);
    terminal.current = made;
    shown.current = 0;
    return () => made.dispose();
  }, [header]);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(
      () => setAt((now) => Math.min(length, now + STEP_MS / 1000)),
      STEP_MS,
    );
    return () => clearInterval(timer);
  }, [playing, length]);
  useEffect(() => {
    const screen = terminal.current;
    if (!screen) return;
    const upTo = frames.findLastIndex(([time]) => time <= at) + 1;
    if (upTo < shown.current) {
      screen.reset();
      shown.current = 0;
    }
    for (const [, kind, text] of frames.slice(shown.current, upTo)) {
      if (kind === "o") screen.write(text);
      if (kind === "r") {
        const [columns, rows] = text.split("x").map(Number);
        screen.resize(columns || 80, rows || 24);
      }
    }
    shown.current = upTo;
    if (at >= length) setPlaying(false);
  }, [at, frames, length]);
  return (
    <Stack gap="sm">
      <div ref={host} className="scroll" tabIndex={0} role="region" aria-label={t("Recording")} />
      <Group wrap="nowrap">
        <Button
          variant="default"
          onClick={() => {
            if (at >= length) setAt(0);
            setPlaying(!playing);
          }}
        >
          {playing ? t("Pause") : t("Play")}
        </Button>
        <Slider
          className="grow"
          thumbLabel={t("Position")}
          min={0}
          max={length || 1}
          step={0.1}
          value={at}
          onChange={setAt}
          label={duration}
        />
        <Text size="sm" className="digits">
          {duration(at)} / {duration(length)}
        </Text>
      </Group>
    </Stack>
  );
}

function read(cast: string) {
  const [first = "{}", ...lines] = cast.trim().split("\n");
  const header = { width: 80, height: 24, ...JSON.parse(first) } as {
    width: number;
    height: number;
  };
  const frames: Frame[] = [];
  let before = 0;
  let now = 0;
  for (const line of lines) {
    const [time, kind, text] = JSON.parse(line) as Frame;
    now += Math.min(LONGEST_PAUSE_S, time - before);
    before = time;
    frames.push([now, kind, text]);
  }
  return { header, frames, length: now };
}
