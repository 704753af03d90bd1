import { createParser } from "eventsource-parser";
import { useSyncExternalStore } from "react";
import { queries } from "./queries";

/** An event as the stream tells it; `event` is its name. */
export interface LiveEvent {
  event: string;
  team_id?: string;
  team_name?: string;
  challenge_id?: string;
  competition_id?: string;
  instance_id?: string;
  [more: string]: unknown;
}
export type LiveState = "off" | "connecting" | "live" | "lost";

type Word = { event: LiveEvent } | { state: LiveState } | { ask: true } | { again: true };

const SILENCE_MS = 40_000; // the server sends a comment every 15 s
let state: LiveState = "off";
const watchers = new Set<() => void>();
const listeners = new Set<(event: LiveEvent) => void>();

/** Whether this tab hears of what happens. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    () => state,
  );
}

/** Be told of every event; returns how to stop. */
export function onEvent(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: LiveState) {
  state = next;
  for (const changed of watchers) changed();
}

function hear(event: LiveEvent) {
  stale(event);
  for (const listener of listeners) listener(event);
}

/**
 * Follow the events while signed in. One tab holds the stream and tells the others: a browser
 * opens only six connections to a server, and every tab's stream would take one of them.
 */
export function follow(): () => void {
  const stop = new AbortController();
  const channel = new BroadcastChannel("ctfy-live");
  let leading = false;
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if ("event" in data) hear(data.event);
    else if ("state" in data) become(data.state);
    else if ("again" in data) void queries.invalidateQueries();
    else if (leading) channel.postMessage({ state } satisfies Word);
  };
  const lead = async () => {
    leading = true;
    await stream(stop.signal, {
      heard: (event) => {
        channel.postMessage({ event } satisfies Word);
        hear(event);
      },
      became: (next) => {
        channel.postMessage({ state: next } satisfies Word);
        become(next);
      },
      connectedAgain: () => {
        channel.postMessage({ again: true } satisfies Word);
        void queries.invalidateQueries();
      },
    });
  };
  become("connecting");
  channel.postMessage({ ask: true } satisfies Word);
  // Without a secure context there are no locks: then each tab has its own stream.
  const led = navigator.locks
    ? navigator.locks.request("ctfy-live", { signal: stop.signal }, lead)
    : lead();
  led.catch(() => {});
  return () => {
    stop.abort();
    channel.close();
    become("off");
  };
}

interface Follower {
  heard(event: LiveEvent): void;
  became(state: LiveState): void;
  connectedAgain(): void;
}

/** Read the stream until told to stop; whatever breaks, begin again after the last event seen. */
async function stream(signal: AbortSignal, follower: Follower) {
  let last = "";
  let pause = 500;
  let before = false;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (last) headers["Last-Event-ID"] = last;
      const given = new AbortController();
      const either = AbortSignal.any([signal, given.signal]);
      const response = await fetch("/api/v1/events", { headers, signal: either });
      if (response.status === 401) return follower.became("off");
      if (!response.ok || !response.body) throw new Error(String(response.status));
      follower.became("live");
      // Events that the server no longer keeps cannot be told again, so what is shown is fetched.
      if (before) follower.connectedAgain();
      before = true;
      pause = 500;
      const parser = createParser({
        onEvent: ({ id, event, data }) => {
          last = id ?? last;
          if (event) follower.heard({ event, ...JSON.parse(data) });
        },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const silence = setTimeout(() => given.abort(), SILENCE_MS);
        const { done, value } = await reader.read().finally(() => clearTimeout(silence));
        if (done) break;
        parser.feed(value);
      }
    } catch {
      // The connection broke, or never came about.
    }
    if (signal.aborted) return;
    follower.became("lost");
    await new Promise((resolve) => setTimeout(resolve, pause * (0.75 + Math.random() / 2)));
    pause = Math.min(pause * 1.7, 10_000);
  }
}

/** What an event makes stale: the beginnings of event names, and what stands in the API's paths. */
const STALE: [RegExp, RegExp][] = [
  [/^(flag_|challenge_solved)/, /scor|solve|breakdown|challenges|\/me|instances\/\{|submiss|teams/],
  [/^(flag_|instance_|hint_)/, /activities|overview|timeseries|stats|traffic\/summary/],
  [/^instance/, /instances|competitions\/\{competition_id\}$|health-flags|records|overview/],
  [/^hint_/, /hints|scoreboard/],
  [/^scoreboard_updated/, /scor|solve|breakdown|competitions\/\{competition_id\}$/],
  [/^(team|competition|invite)/, /competition|teams|inbox|\/me$|scor|walls/],
  [/^announcement/, /announcement|inbox/],
  [/^achievement/, /achievement/],
  [/^(account|user)/, /\/me|users/],
  [/^(task|challenge|challenges)_/, /tasks|build-state|pull-state|scheduled|challenges/],
  [/^scheduled|^job/, /scheduled/],
  [/^node/, /nodes|overview|health-flags/],
  [/^incident/, /incidents|overview/],
  [/^(platform_)?setting/, /settings/],
  [/^admin_shell/, /shell/],
  [/./, /activities$/],
];

let pending = new Set<RegExp>();
let timer = 0;
let due = 0;

/** How long to gather events before fetching: everybody is told of a solve, and not all at once. */
const wait = ({ event }: LiveEvent) =>
  event === "scoreboard_updated" ? 300 + Math.random() * 900 : 150;

function stale(event: LiveEvent) {
  for (const [name, path] of STALE) if (name.test(event.event)) pending.add(path);
  const at = Date.now() + wait(event);
  if (timer && due <= at) return;
  window.clearTimeout(timer);
  due = at;
  timer = window.setTimeout(() => {
    const paths = [...pending];
    pending = new Set();
    timer = 0;
    void queries.invalidateQueries({
      predicate: ({ queryKey }) => paths.some((path) => path.test(String(queryKey[1] ?? ""))),
    });
  }, at - Date.now());
}
