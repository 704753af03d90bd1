/** What holds for every query and mutation: which are tried again, and what becomes of failures. */
import { MutationCache, type Query, QueryCache, QueryClient } from "@tanstack/react-query";
import { notifyFailure } from "../components/toasts";
import { ApiError } from "./client";

/** Failures that pass by themselves: no connection, a restart, too many requests. */
const isTemporary = (error: unknown) =>
  error instanceof ApiError && [0, 429, 502, 503, 504].includes(error.status);

/** The session ended. The server removed its cookie, so a second try is a visitor's, and may succeed. */
const sessionEnded = (error: unknown) => error instanceof ApiError && error.code === "unauthorized";

/** Who is nobody any more hears of it when they are asked for again. */
const askWhoItIs = () => void refresh("/api/v1/me");

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (count, error) =>
        (isTemporary(error) && count < 4) || (sessionEnded(error) && count < 1),
      retryDelay: (count, error) =>
        Math.max(500 * 2 ** count, error instanceof ApiError ? error.retryAfter * 1000 : 0),
    },
  },
  queryCache: new QueryCache({
    onError(error) {
      if (sessionEnded(error)) askWhoItIs();
    },
  }),
  mutationCache: new MutationCache({
    onError(error, _variables, _context, mutation) {
      if (sessionEnded(error)) return askWhoItIs();
      // What shows its refusals itself marks its mutation as quiet.
      if (!mutation.meta?.quiet) notifyFailure(error);
    },
    onSuccess() {
      // Events bring what others do; what we did ourselves is fetched at once.
      void refetch(() => true);
    },
  }),
});

/** Fetch again whatever is shown of the paths that are `stale`. */
export async function refetch(stale: (path: string) => boolean) {
  const predicate = ({ queryKey }: Query) => stale(String(queryKey[1] ?? ""));
  // What is fetched for the first time may have been read too early, and is not fetched twice at
  // once: so again when it has come.
  const early = queries
    .getQueryCache()
    .findAll({ fetchStatus: "fetching", predicate })
    .filter(({ state }) => state.data === undefined);
  await queries.invalidateQueries({
    predicate: (query) => predicate(query) && !early.includes(query),
  });
  await Promise.allSettled(early.map(({ promise }) => promise));
  await queries.invalidateQueries({ predicate: (query) => early.includes(query) });
}

/** Fetch again whatever is shown of these paths (prefixes of API paths). */
export const refresh = (...prefixes: string[]) =>
  refetch((path) => prefixes.some((prefix) => path.startsWith(prefix)));
