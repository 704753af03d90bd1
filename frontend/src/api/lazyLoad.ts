import { type ComponentType, lazy } from "react";

const RELOADED_AT_KEY = "ctfy-reloaded";
const RETRY_MS = 1000;
const RELOAD_AT_MOST_EVERY_MS = 60_000;

/**
 * Load a part of the interface; while the server is away, try again. When the server answers but the
 * part is missing twice, the interface was updated: reload the page, at most once a minute.
 */
export async function loadWithRetry<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let failures = 0; ; failures++) {
    try {
      return await load();
    } catch (error) {
      if (failures && (await serverAnswers())) {
        if (Date.now() - Number(sessionStorage.getItem(RELOADED_AT_KEY)) < RELOAD_AT_MOST_EVERY_MS)
          throw error;
        sessionStorage.setItem(RELOADED_AT_KEY, String(Date.now()));
        window.location.reload();
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** A component that is loaded when it is first shown. */
// biome-ignore lint/suspicious/noExplicitAny: as React declares it, for components of any props
export const lazyComponent = <Component extends ComponentType<any>>(
  load: () => Promise<Component>,
) => lazy(() => loadWithRetry(async () => ({ default: await load() })));

const serverAnswers = () =>
  fetch("/api/v1/health/live").then(
    (answer) => answer.ok,
    () => false,
  );
