import { useEffect } from "react";
import type { MeResponse } from "../api/client";
import { type LiveEvent, onEvent } from "../api/live";
import { notify, notifyFailure } from "../components/toasts";
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
        notify(t("Your team solved {challenge}", { challenge: event.challenge_id ?? "" }));
      return;
    case "achievement_unlocked":
      if (ours) notify(t("Achievement unlocked"), text("achievement_name"), "yellow");
      return;
    case "instance_ready":
      if (ours) notify(t("Instance ready"), event.challenge_id ?? "");
      return;
    case "instance_error":
      if (ours)
        notifyFailure(
          t("The instance of {challenge} failed.", { challenge: event.challenge_id ?? "" }),
        );
      return;
    case "announcement_created":
      notify(text("title") || t("Announcement"), t("Read it in your inbox."), "blue");
      return;
    case "competition_invite_changed":
      tellOfInvite(event, ours, text("user_id") === me);
      return;
    case "team_member_kicked":
      if (text("user_id") === me)
        notify(t("You are no longer on {team}", { team: event.team_name ?? "" }), "", "orange");
      return;
    case "team_member_joined":
      if (ours && text("user_id") !== me) notify(t("Somebody joined your team"));
      return;
  }
}

/** An invite or a request: to whom it is made, and to whom it was answered. */
function tellOfInvite(event: LiveEvent, ours: boolean, mine: boolean) {
  const team = event.team_name ?? "";
  const asked = event.kind === "join_request";
  const said = `${asked ? "request" : "invite"} ${event.status ?? event.action}`;
  if (mine && said === "invite pending") notify(t("{team} invites you", { team }));
  if (mine && said === "invite invite") notify(t("You are invited to a competition"));
  if (mine && said === "request approved") notify(t("{team} took you in", { team }));
  if (mine && said === "request rejected") notify(t("{team} declined", { team }), "", "orange");
  if (ours && !mine && said === "request pending") notify(t("Somebody asks to join your team"));
}
