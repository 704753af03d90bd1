import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { t } from "../i18n";
import { ApiError, http, type MeResponse } from "./client";
import { queries } from "./queries";

const KEY = ["get", "/api/v1/me"];
const SESSION_ENDED = "session-ended";
// Set beside the session's cookie, which no script can read.
export const seemsSignedIn = () => document.cookie.includes("ctfy_signed_in=1");

/** Who is signed in; null for nobody. */
export function useMe() {
  return useQuery({
    queryKey: KEY,
    queryFn: async () => {
      const wasSomebody = seemsSignedIn() || Boolean(queries.getQueryData(KEY));
      const me = await ask();
      // Whoever is nobody any more is asked to sign in by the page's frame; this says why.
      if (wasSomebody && !me)
        notifications.show({
          id: SESSION_ENDED,
          color: "orange",
          title: t("Your session has ended"),
          message: t("Sign in again to go on."),
          autoClose: false,
        });
      return me;
    },
    staleTime: 60_000,
  });
}

async function ask(): Promise<MeResponse | null> {
  if (!seemsSignedIn()) return null;
  try {
    return (await http.GET("/api/v1/me")).data ?? null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** After signing in or out: forget what was fetched for the caller before. */
export async function forgetCaller() {
  notifications.hide(SESSION_ENDED);
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey !== KEY });
  await queries.invalidateQueries({ queryKey: KEY });
}

export async function signOut() {
  await http.POST("/api/v1/auth/logout").catch(() => undefined);
  sessionStorage.clear();
  // A page that is loaded anew keeps nothing of the person who left.
  window.location.assign("/");
}
