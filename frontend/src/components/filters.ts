import { useNavigate, useSearch } from "@tanstack/react-router";

/** What an address's query may hold: where a list stands, and what it is filtered by. */
export interface Filters {
  q?: string;
  offset?: number;
  tab?: string;
  phase?: string;
  status?: string;
  category?: string;
  difficulty?: string;
  solved?: string;
  tag?: string;
  view?: string;
  kind?: string;
  role?: string;
  bracket?: string;
  event?: string;
  node?: string;
  team?: string;
  user?: string;
  challenge?: string;
  compare?: string;
  competition?: string;
  writeup?: string;
  user_code?: string;
  back?: string;
  error?: string;
}

/** Take an address's query: texts as texts, `offset` as a number, nothing else. */
export function parseFilters(search: Record<string, unknown>): Filters {
  const { offset, ...texts } = search;
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(texts))
    if (value !== undefined && value !== "") found[name] = String(value);
  if (Number(offset) > 0) found.offset = Number(offset);
  return found as Filters;
}

/** The page's filters, kept in its address, so that a link shows the same. */
export function useFilters(): [Filters, (changed: Filters) => void] {
  const filters: Filters = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = (changed: Filters) => {
    const next = parseFilters({ ...filters, offset: 0, ...changed });
    void navigate({ to: ".", search: next as never, replace: true });
  };
  return [filters, change];
}
