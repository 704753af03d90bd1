import { createParser } from "eventsource-parser";
import { useSyncExternalStore } from "react";
import type { EventName, LiveEvent } from "./events";
import { refetch } from "./queries";

export type LiveState = "off" | "connecting" | "live" | "lost";

/** What tabs send each other. */
type TabMessage =
  | { event: LiveEvent }
  | { state: LiveState }
  | { askState: true }
  | { connected: true };

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
    else if ("connected" in data) void refetch(() => true);
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
      onConnect: () => {
        channel.postMessage({ connected: true } satisfies TabMessage);
        void refetch(() => true);
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
  onConnect(): void;
}

/** Read the stream until `signal`; when it breaks, connect again and go on after the last event. */
async function stream(signal: AbortSignal, follower: Follower) {
  let last = "";
  let pause = 500;
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
      // What was asked for before events came may be old by now, and after a break the server may
      // have forgotten those in between.
      follower.onConnect();
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

// API paths by what their answers are made of.
const STANDINGS = /scor|solve|breakdown|walls|competitions\/\{competition_id\}$/;
const AWARDS = /awards|scor|breakdown|walls/;
const ANSWERS = /scor|solve|breakdown|challenges|instances|submiss|teams|\/me/;
const ATTEMPTS = /\/instances|submiss/;
const INSTANCES = /instance|health-flags|competitions\/\{competition_id\}$/;
const FIGURES = /overview|timeseries|stats|traffic\/summary/;
const COMPETITIONS = /competition|teams|inbox|\/me$|scor|walls/;
const ACCOUNTS = /\/me$|users|identities/;
const ACHIEVEMENTS = /achievement/;
const ANNOUNCEMENTS = /announcement|inbox/;
const CHANNELS = /notification-channels/;
const NODES = /nodes|overview|health-flags/;
const TASKS = /tasks|state$|scheduled|challenges/;
const INCIDENTS = /incidents|overview/;
const SITE_PAGES = /pages|branding/;
const FIELDS = /fields|people|\/me$/;
const SHELLS = /shell/;
const WRITEUPS = /writeup/;
const EVERY_EVENT = /activities$/;

/** Which paths an event makes stale. */
const AFFECTED: Record<EventName, RegExp[]> = {
  account_created: [ACCOUNTS],
  account_edited: [ACCOUNTS],
  account_password_set: [ACCOUNTS],
  account_reinstated: [ACCOUNTS],
  account_role_changed: [ACCOUNTS],
  account_suspended: [ACCOUNTS],
  account_totp_reset: [ACCOUNTS, /totp/],
  achievement_revoked: [ACHIEVEMENTS],
  achievement_unlocked: [ACHIEVEMENTS],
  admin_shell_recording_viewed: [SHELLS],
  admin_shell_session_closed: [SHELLS],
  admin_shell_session_opened: [SHELLS],
  admin_shell_session_requested: [SHELLS],
  answers_corrected: [FIELDS],
  announcement_created: [ANNOUNCEMENTS],
  announcement_deleted: [ANNOUNCEMENTS],
  announcement_updated: [ANNOUNCEMENTS],
  award_given: [AWARDS],
  award_revoked: [AWARDS],
  branding_image_changed: [/branding/],
  challenge_completed: [ANSWERS, FIGURES],
  challenge_reset: [ANSWERS, FIGURES, COMPETITIONS],
  challenge_version_set: [/challenges/],
  competition_admin_changed: [COMPETITIONS],
  competition_created: [COMPETITIONS],
  competition_deleted: [COMPETITIONS],
  competition_exported: [],
  competition_extended: [COMPETITIONS],
  competition_invite_changed: [COMPETITIONS],
  competition_paused: [COMPETITIONS],
  competition_registered: [COMPETITIONS],
  competition_resumed: [COMPETITIONS, INSTANCES],
  competition_unregistered: [COMPETITIONS],
  competition_updated: [COMPETITIONS],
  custom_field_changed: [FIELDS],
  flag_correct: [ANSWERS, FIGURES],
  flag_part_correct: [ANSWERS, FIGURES],
  flag_wrong: [ANSWERS, FIGURES],
  hint_unlocked: [/hints|scoreboard/, FIGURES],
  identity_linked: [ACCOUNTS],
  image_deleted: [/admin\/images/],
  image_uploaded: [/admin\/images/],
  incident_reported: [INCIDENTS],
  incident_updated: [INCIDENTS],
  instance_error: [INSTANCES, FIGURES],
  instance_ready: [INSTANCES, FIGURES],
  instance_renewed: [INSTANCES, FIGURES],
  instance_started: [INSTANCES, FIGURES],
  instance_stop_requested: [INSTANCES, FIGURES],
  instance_stopped: [INSTANCES, FIGURES],
  node_invite_created: [NODES],
  node_invite_revoked: [NODES],
  node_recovered: [NODES],
  node_registered: [NODES],
  node_removed: [NODES],
  node_unhealthy: [NODES],
  node_updated: [NODES],
  notification_channel_created: [CHANNELS],
  notification_channel_deleted: [CHANNELS],
  notification_channel_updated: [CHANNELS],
  people_imported: [ACCOUNTS],
  platform_setting_changed: [/settings|branding/],
  question_attempt_reset: [ATTEMPTS],
  reaction_added: [/feedback/],
  scheduled_job_changed: [/scheduled/],
  scoreboard_updated: [STANDINGS],
  sign_in_link_made: [],
  site_page_created: [SITE_PAGES],
  site_page_deleted: [SITE_PAGES],
  site_page_updated: [SITE_PAGES],
  submission_ruled: [ANSWERS, FIGURES],
  task_cancelled: [TASKS],
  task_failed: [TASKS],
  task_submitted: [TASKS],
  task_succeeded: [TASKS],
  team_deleted: [COMPETITIONS],
  team_member_joined: [COMPETITIONS],
  team_member_kicked: [COMPETITIONS],
  team_member_left: [COMPETITIONS],
  team_profile_updated: [COMPETITIONS],
  team_registered: [COMPETITIONS],
  team_role_changed: [COMPETITIONS],
  team_standing_changed: [COMPETITIONS, STANDINGS],
  writeup_handed_in: [WRITEUPS],
  writeup_judged: [WRITEUPS],
  writeup_published: [WRITEUPS],
};
export const EVENT_NAMES = Object.keys(AFFECTED);

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
  // A server newer than this page may send what is not listed here.
  for (const path of [EVERY_EVENT, ...(AFFECTED[event.event] ?? [])]) pending.add(path);
  const at = Date.now() + gatherFor(event);
  if (timer && due <= at) return;
  window.clearTimeout(timer);
  due = at;
  timer = window.setTimeout(() => {
    const paths = [...pending];
    pending = new Set();
    timer = 0;
    void refetch((shown) => paths.some((path) => path.test(shown)));
  }, at - Date.now());
}
