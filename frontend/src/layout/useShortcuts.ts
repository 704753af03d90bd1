/**
 * Keys for those who know them. An element names its own by `aria-keyshortcuts`, which screen readers
 * say, too: pressing it goes into a field, and clicks anything else. With Ctrl or ⌘, K finds.
 */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Message } from "../i18n";

const STORAGE_KEY = "ctfy-shortcuts";
const PAUSE_MS = 1500; // between the two keys of a pair

/** Pages by the key that follows “g”. */
export const PLACES = {
  c: ["/", "Competitions"],
  s: ["/scoreboard", "Scoreboard"],
  i: ["/inbox", "Inbox"],
  o: ["/admin", "Operate"],
} as const satisfies Record<string, readonly [string, Message]>;

/** Single keys can be switched off: they get in the way of those who speak to their browser. */
export const keysAreOn = () => localStorage.getItem(STORAGE_KEY) !== "off";
export const switchKeys = (on: boolean) => localStorage.setItem(STORAGE_KEY, on ? "on" : "off");

/** What is on the page and has a key. */
export const withKeys = () =>
  [...document.querySelectorAll<HTMLElement>("[aria-keyshortcuts]")].filter(
    (each) => each.checkVisibility() && !/[+]/.test(each.ariaKeyShortcuts ?? ""),
  );

const writes = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches("input:not([type=checkbox], [type=radio]), textarea, select, .xterm *"));

/** Listen for the whole page. */
export function useShortcuts(find: () => void, help: () => void) {
  const navigate = useNavigate();
  const leads = useRef(0);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        find();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (writes(event.target) || !keysAreOn() || document.querySelector("[role=dialog]")) return;
      const { key } = event;
      const follows = Date.now() - leads.current < PAUSE_MS;
      leads.current = key === "g" ? Date.now() : 0;
      const place = follows ? PLACES[key as keyof typeof PLACES] : undefined;
      const meant = withKeys().find((each) => each.ariaKeyShortcuts === key);
      if (place) void navigate({ to: place[0] });
      else if (key === "?") help();
      else if (meant?.matches("input, textarea")) meant.focus();
      else if (meant) meant.click();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [navigate, find, help]);
}
