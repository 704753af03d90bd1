import { useCallback, useState } from "react";

const same = (one: unknown, other: unknown) =>
  JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/**
 * What somebody changes of something that others may change meanwhile. What was saved meanwhile,
 * here or elsewhere, is taken over at once where it clashes with nothing.
 */
export function useEdited<T extends object>(start: T) {
  const [base, setBase] = useState(start);
  const [changes, setChanges] = useState<Partial<T>>({});
  const draft = { ...base, ...changes };
  const names = [...new Set(Object.keys({ ...start, ...draft }))] as (keyof T)[];
  const changed = names.filter((name) => !same(draft[name], base[name]));
  const theirs = names.filter((name) => !same(start[name], base[name]));
  const clashes = theirs.filter(
    (name) => changed.includes(name) && !same(start[name], draft[name]),
  );
  if (theirs.length && !clashes.length) {
    const left = changed.filter((name) => !same(start[name], draft[name]));
    setBase(start);
    setChanges(Object.fromEntries(left.map((name) => [name, draft[name]])) as Partial<T>);
  }
  const set = useCallback(
    (next: Partial<T>) => setChanges((before) => ({ ...before, ...next })),
    [],
  );
  const takeTheirs = () => {
    setBase(start);
    setChanges({});
  };
  return { draft, set, changed, dirty: changed.length > 0, clashes, takeTheirs };
}
