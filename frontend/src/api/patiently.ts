import { type ComponentType, lazy } from "react";

const KEPT = "ctfy-reloaded";
const AGAIN_MS = 1000;
const ONCE_IN_MS = 60_000;

/**
 * Load a part of the interface; while the server is away, wait for it. When the server is there but
 * the part is not, twice, it was updated: take the new page, though not over and over.
 */
export async function patiently<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let failures = 0; ; failures++) {
    try {
      return await load();
    } catch (error) {
      if (failures && (await answers())) {
        if (Date.now() - Number(sessionStorage.getItem(KEPT)) < ONCE_IN_MS) throw error;
        sessionStorage.setItem(KEPT, String(Date.now()));
        window.location.reload();
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** A component that is loaded, patiently, when it is first shown. */
// biome-ignore lint/suspicious/noExplicitAny: as React declares it, for components of any props
export const later = <Component extends ComponentType<any>>(load: () => Promise<Component>) =>
  lazy(() => patiently(async () => ({ default: await load() })));

const answers = () =>
  fetch("/api/v1/health/live").then(
    (answer) => answer.ok,
    () => false,
  );
