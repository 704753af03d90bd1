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

/** What tabs send each other. */
type TabMessage =
  | { event: LiveEvent }
  | { state: LiveState }
  | { askState: true }
  | { reconnected: true };

const SILENCE_MS = 40_000; // the server sends a comment every 15 s
let state: LiveState = "off";
const watchers = new Set<() => void>();
const listeners = new Set<(event: LiveEvent) => void>();

/** Whether events reach this tab. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    () => state,
  );
}

/** Call the listener for every event; returns how to stop. */
export function onEvent(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changeState(next: LiveState) {
  state = next;
  for (const changed of watchers) changed();
}

function dispatch(event: LiveEvent) {
  refetchAffected(event);
  for (const listener of listeners) listener(event);
}

/**
 * Follow the events while signed in. One tab holds the stream and tells the others: a browser
 * opens only six connections to a server, and every tab's stream would take one of them.
 */
export function followEvents(): () => void {
  const stop = new AbortController();
  const channel = new BroadcastChannel("ctfy-live");
  let leading = false;
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if ("event" in data) dispatch(data.event);
    else if ("state" in data) changeState(data.state);
    else if ("reconnected" in data) void queries.invalidateQueries();
    else if (leading) channel.postMessage({ state } satisfies TabMessage);
  };
  const lead = async () => {
    leading = true;
    await stream(stop.signal, {
      onEvent: (event) => {
        channel.postMessage({ event } satisfies TabMessage);
        dispatch(event);
      },
      onState: (next) => {
        channel.postMessage({ state: next } satisfies TabMessage);
        changeState(next);
      },
      onReconnect: () => {
        channel.postMessage({ reconnected: true } satisfies TabMessage);
        void queries.invalidateQueries();
      },
    });
  };
  changeState("connecting");
  channel.postMessage({ askState: true } satisfies TabMessage);
  // Without a secure context there are no locks: then each tab has its own stream.
  const led = navigator.locks
    ? navigator.locks.request("ctfy-live", { signal: stop.signal }, lead)
    : lead();
  led.catch(() => {});
  return () => {
    stop.abort();
    channel.close();
    changeState("off");
  };
}

interface Follower {
  onEvent(event: LiveEvent): void;
  onState(state: LiveState): void;
  onReconnect(): void;
}

/** Read the stream until `signal`; when it breaks, connect again and go on after the last event. */
async function stream(signal: AbortSignal, follower: Follower) {
  let last = "";
  let pause = 500;
  let wasConnected = false;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (last) headers["Last-Event-ID"] = last;
      const silent = new AbortController();
      const either = AbortSignal.any([signal, silent.signal]);
      const response = await fetch("/api/v1/events", { headers, signal: either });
      if (response.status === 401) return follower.onState("off");
      if (!response.ok || !response.body) throw new Error(String(response.status));
      follower.onState("live");
      // The server may have forgotten the events in between, so everything shown is fetched again.
      if (wasConnected) follower.onReconnect();
      wasConnected = true;
      pause = 500;
      const parser = createParser({
        onEvent: ({ id, event, data }) => {
          last = id ?? last;
          if (event) follower.onEvent({ event, ...JSON.parse(data) });
        },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const timeout = setTimeout(() => silent.abort(), SILENCE_MS);
        const { done, value } = await reader.read().finally(() => clearTimeout(timeout));
        if (done) break;
        parser.feed(value);
      }
    } catch {
      // The connection broke, or never came about.
    }
    if (signal.aborted) return;
    follower.onState("lost");
    await new Promise((resolve) => setTimeout(resolve, pause * (0.75 + Math.random() / 2)));
    pause = Math.min(pause * 1.7, 10_000);
  }
}

/** Which queries an event makes stale: a pattern of event names, and one of API paths. */
const AFFECTED: [RegExp, RegExp][] = [
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

/**
 * How long to gather events before fetching, in ms. Every client hears of a solve: they fetch at
 * random times, so that the server is not asked by all at once.
 */
const gatherFor = ({ event }: LiveEvent) =>
  event === "scoreboard_updated" ? 300 + Math.random() * 900 : 150;

function refetchAffected(event: LiveEvent) {
  for (const [name, path] of AFFECTED) if (name.test(event.event)) pending.add(path);
  const at = Date.now() + gatherFor(event);
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
