import { useEffect } from "react";
import type { MeResponse } from "../api/client";
import { type LiveEvent, onEvent } from "../api/live";
import { failed, told } from "../components/toasts";
import { t } from "../i18n";

/** Tells of what concerns the person at hand, when it happens. */
export function useNews(me: MeResponse | null) {
  useEffect(() => {
    if (!me) return;
    const teams = new Set(me.competition_teams.map((membership) => membership.team_id));
    return onEvent((event) => tell(event, teams.has(event.team_id ?? ""), me.id));
  }, [me]);
}

function tell(event: LiveEvent, ours: boolean, me: string) {
  const text = (name: string) => String(event[name] ?? "");
  switch (event.event) {
    case "flag_correct":
      if (ours && text("user_id") !== me)
        told(t("Your team solved {challenge}", { challenge: event.challenge_id ?? "" }));
      return;
    case "achievement_unlocked":
      if (ours) told(t("Achievement unlocked"), text("achievement_name"), "yellow");
      return;
    case "instance_ready":
      if (ours) told(t("Instance ready"), event.challenge_id ?? "");
      return;
    case "instance_error":
      if (ours)
        failed(t("The instance of {challenge} failed.", { challenge: event.challenge_id ?? "" }));
      return;
    case "announcement_created":
      told(text("title") || t("Announcement"), t("Read it in your inbox."), "blue");
      return;
    case "team_member_joined":
      if (ours && text("user_id") !== me) told(t("Somebody joined your team"));
      return;
  }
}
