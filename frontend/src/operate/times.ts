/** A time for the browser's own field, in the operator's time zone. */
export function toLocal(at: string | null | undefined): string {
  if (!at) return "";
  const found = new Date(at);
  return new Date(found.getTime() - found.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The time that stands in such a field. */
export function fromLocal(given: string): string | null {
  return given ? new Date(given).toISOString() : null;
}
