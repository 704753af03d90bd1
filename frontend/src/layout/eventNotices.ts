import { useEffect } from "react";
import type { MeResponse } from "../api/client";
import type { LiveEvent } from "../api/events";
import { onEvent } from "../api/live";
import { notify, notifyFailure } from "../components/toasts";
import { signed, t } from "../i18n";

/** Notices about events that concern the signed-in person. */
export function useEventNotices(me: MeResponse | null) {
  useEffect(() => {
    if (!me) return;
    const teams = new Set(me.competition_teams.map((membership) => membership.team_id));
    return onEvent((event) => notifyOf(event, teams.has(event.team_id), me.id));
  }, [me]);
}

function notifyOf(event: LiveEvent, ours: boolean, me: string) {
  switch (event.event) {
    case "flag_correct":
      if (ours && event.user_id !== me)
        notify(t("Your team solved {challenge}", { challenge: event.challenge_id }));
      return;
    case "achievement_unlocked":
      if (ours) notify(t("Achievement unlocked"), event.achievement_name, "yellow");
      return;
    case "award_given":
      if (ours) notify(t("{points} points", { points: signed(event.points) }), event.reason);
      return;
    case "instance_ready":
      if (ours) notify(t("Instance ready"), event.challenge_id);
      return;
    case "instance_error":
      if (ours)
        notifyFailure(t("The instance of {challenge} failed.", { challenge: event.challenge_id }));
      return;
    case "announcement_created":
      notify(event.title || t("Announcement"), t("Read it in your inbox."), "blue");
      return;
    case "competition_invite_changed":
      notifyOfInvite(event, ours, event.user_id === me);
      return;
    case "team_member_kicked":
      if (event.user_id === me)
        notify(t("You are no longer on {team}", { team: event.team_name }), "", "orange");
      return;
    case "team_member_joined":
      if (ours && event.user_id !== me) notify(t("Somebody joined your team"));
      return;
  }
}

/** An invite or a request to join: news for the person invited or asking, and for the team. */
function notifyOfInvite(
  event: LiveEvent<"competition_invite_changed">,
  ours: boolean,
  mine: boolean,
) {
  const team = event.team_name;
  const kind = event.kind === "join_request" ? "request" : "invite";
  const change = `${kind} ${event.status ?? event.action}`;
  if (mine && change === "invite pending") notify(t("{team} invites you", { team }));
  if (mine && change === "invite invite") notify(t("You are invited to a competition"));
  if (mine && change === "request approved") notify(t("{team} took you in", { team }));
  if (mine && change === "request rejected") notify(t("{team} declined", { team }), "", "orange");
  if (ours && !mine && change === "request pending") notify(t("Somebody asks to join your team"));
}
