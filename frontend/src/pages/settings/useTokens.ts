import { api, type TokenInfo } from "../../api/client";

/** One's API tokens, or one's sessions: the server keeps both as tokens. */
export function useTokens(kind: "api" | "session") {
  const query = api.useQuery("get", "/api/v1/auth/tokens", { params: { query: { limit: 500 } } });
  const wanted = (token: TokenInfo) => (token.kind === "user") === (kind === "session");
  return { query, mine: query.data?.items.filter(wanted) ?? [] };
}
