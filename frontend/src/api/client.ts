import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryClient from "openapi-react-query";
import { failed } from "../components/toasts";
import { t } from "../i18n";
import type { paths } from "./schema";

export type * from "./schema";

interface Issue {
  loc: (string | number)[];
  msg: string;
}

/** A refusal as the server words it, or `offline` when it did not answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly issues: Issue[] = [],
    readonly retryAfter = 0,
    readonly requestId = "",
  ) {
    super(message);
  }

  /** The refusals of single fields, by the field's name. */
  get fields(): Record<string, string> {
    return Object.fromEntries(this.issues.map(({ loc, msg }) => [String(loc.at(-1)), msg]));
  }
}

/** The error that a response stands for. */
export async function refusal(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => ({}));
  const detail = body.detail ?? response.statusText;
  const message = typeof detail === "string" ? detail : (detail.message ?? t("Refused."));
  const after = Number(response.headers.get("retry-after") ?? 0);
  const issues = detail.issues ?? [];
  const code = body.code ?? "error";
  return new ApiError(response.status, code, message, issues, after, body.request_id);
}

const throwing: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await refusal(response);
  },
  onError() {
    return new ApiError(0, "offline", t("The server does not answer."));
  },
};

export const http = createFetchClient<paths>({ baseUrl: window.location.origin });
http.use(throwing);
export const api = createQueryClient(http);

/** What goes wrong outside of us and passes: no connection, a restart, too many requests. */
const passes = (error: unknown) =>
  error instanceof ApiError && [0, 429, 502, 503, 504].includes(error.status);

/** The session ended, and the server took its cookie away: a visitor may still see much. */
const isOver = (error: unknown) => error instanceof ApiError && error.status === 401;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (count, error) => (passes(error) && count < 4) || (isOver(error) && count < 1),
      retryDelay: (count, error) =>
        Math.max(500 * 2 ** count, error instanceof ApiError ? error.retryAfter * 1000 : 0),
    },
  },
  queryCache: new QueryCache({
    onError(error) {
      if (isOver(error)) void refresh("/api/v1/me");
    },
  }),
  mutationCache: new MutationCache({
    onError(error, _variables, _context, mutation) {
      if (!mutation.meta?.quiet) failed(error);
    },
    onSuccess() {
      // Events bring what others do; what we did ourselves is fetched at once.
      void queries.invalidateQueries();
    },
  }),
});

/** Fetch again whatever is shown of these paths (prefixes of API paths). */
export function refresh(...prefixes: string[]) {
  return queries.invalidateQueries({
    predicate: ({ queryKey }) =>
      prefixes.some((prefix) => String(queryKey[1] ?? "").startsWith(prefix)),
  });
}
