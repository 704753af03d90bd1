import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryClient from "openapi-react-query";
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
    /** What else a refusal says, beside its message. */
    readonly context: Record<string, unknown> = {},
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
  const context = typeof detail === "string" ? {} : detail;
  return new ApiError(response.status, code, message, issues, after, body.request_id, context);
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
