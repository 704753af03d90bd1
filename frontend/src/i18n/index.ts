/**
 * Every text of the interface, by its English wording. A catalogue holds them all: `Message` is the
 * type of its keys, so a text without a translation does not compile. "{n} team|{n} teams" is
 * singular and plural, chosen by `n`.
 */
import type german from "./de";

export type Message = keyof typeof german;
type Catalogue = Partial<Record<Message, string>>;
type Values = Record<string, string | number>;

const STORAGE_KEY = "ctfy-language";
const ENGLISH = "en";
/** By language: each file beside this one is a catalogue, named by its language (BCP 47). */
const CATALOGUES = new Map([
  [ENGLISH, async () => ({})],
  ...Object.entries(
    import.meta.glob<Catalogue>(["./*.ts", "!./index.ts"], { import: "default" }),
  ).map(([file, load]) => [file.slice("./".length, -".ts".length), load] as const),
]);
/** The languages there are, each by its own name. */
export const LANGUAGES = Object.fromEntries(
  [...CATALOGUES.keys()].map((code) => [
    code,
    new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code,
  ]),
);

export const language = preferredLanguage();
/** The browser's own variant of the language, for dates and numbers: en-GB's, not en-US's. */
export const locale = navigator.languages.find((name) => name.startsWith(language)) ?? language;
let words: Catalogue = {};
const plurals = new Intl.PluralRules(locale);

function preferredLanguage(): string {
  const base = (code: string) => code.split("-")[0];
  const there = [...CATALOGUES.keys()];
  const wanted = [localStorage.getItem(STORAGE_KEY) ?? "", ...navigator.languages];
  const found = wanted.map(
    (code) =>
      there.find((each) => each === code) ?? there.find((each) => base(each) === base(code)),
  );
  return found.find((code) => code !== undefined) ?? ENGLISH;
}

/** Load the chosen language; to be awaited before anything is drawn. */
export async function loadLanguage() {
  words = await CATALOGUES.get(language)!();
  document.documentElement.lang = language;
}

/** Change the language; the page is loaded anew. */
export function setLanguage(next: string) {
  localStorage.setItem(STORAGE_KEY, next);
  window.location.reload();
}

/** A text in the chosen language, with its values put in. */
export function t(message: Message, values: Values = {}): string {
  const [one = "", many = one] = (words[message] ?? message).split("|");
  const form = typeof values.n === "number" && plurals.select(values.n) !== "one" ? many : one;
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : (value ?? whole);
  });
}

/** A name of the API, such as an event's, with spaces: `flag_correct` is "flag correct". */
export const asWords = (name: string) => name.replaceAll("_", " ");

const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const bytesIn = ["B", "kB", "MB", "GB"];
const moments = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const days = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "narrow" });

export const number = (value: number) => numbers.format(value);
/** Points with their sign: what was given, and what was taken. */
export const signed = (points: number) =>
  points < 0 ? `−${number(-points)}` : `+${number(points)}`;
export const percent = (share: number) =>
  new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(share);

/** A size in bytes, as people read it. */
export function bytes(size: number): string {
  let step = 0;
  let rest = size;
  while (rest >= 1000 && step < bytesIn.length - 1) {
    rest /= 1000;
    step++;
  }
  return `${number(rest)} ${bytesIn[step]}`;
}

/** A time of the wire, ISO text or Unix seconds, as a Date; null for none. */
export function date(at: string | number | null | undefined): Date | null {
  if (!at) return null;
  return new Date(typeof at === "number" ? at * 1000 : at);
}

export const moment = (at: string | number | null | undefined) => {
  const found = date(at);
  return found ? moments.format(found) : "–";
};
export const day = (at: string | number | null | undefined) => {
  const found = date(at);
  return found ? days.format(found) : "–";
};

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** How long ago, or how far ahead: "3 min. ago". */
export function ago(at: string | number | null | undefined, now = Date.now()): string {
  const found = date(at);
  if (!found) return "–";
  const seconds = (found.getTime() - now) / 1000;
  for (const [unit, length] of UNITS)
    if (Math.abs(seconds) >= length || unit === "second")
      return relative.format(Math.trunc(seconds / length), unit);
  return "";
}

/** Seconds as whole days and a clock's time: 1:02:03, 4:05, or after days 01:02:03. */
export function clockTime(seconds: number): { days: number; time: string } {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, h, m, s] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = days ? `${two(h)}:` : h ? `${h}:` : "";
  return { days, time: hours + (hours ? `${two(m)}:${two(s)}` : `${m}:${two(s)}`) };
}

/** Seconds as a duration: 1:02:03, 4:05, or with days in front. */
export function duration(seconds: number): string {
  const { days, time } = clockTime(seconds);
  return days ? `${t("{n} day|{n} days", { n: days })} ${time}` : time;
}
