import { useEffect } from "react";
import type { MeResponse } from "../api/client";
import type { LiveEvent } from "../api/events";
import { onEvent } from "../api/live";
import { notify, notifyFailure } from "../components/toasts";
import { moment, signed, t } from "../i18n";

/** Notices about events that concern the signed-in person. */
export function useEventNotices(me: MeResponse | null) {
  useEffect(() => {
    if (!me) return;
    const teams = new Set(me.competition_teams.map((membership) => membership.team_id));
    const played = new Set(me.competition_teams.map((membership) => membership.competition_id));
    return onEvent((event) => {
      notifyOf(event, teams.has(event.team_id), me.id);
      if ("competition_id" in event && played.has(event.competition_id ?? "")) notifyOfClock(event);
    });
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

/** What happened to the clock of a competition that the person takes part in. */
function notifyOfClock(event: LiveEvent) {
  switch (event.event) {
    case "competition_paused":
      notify(
        t("{title} is paused", { title: event.competition_title }),
        t("Nothing starts and no answer is taken until it goes on; what runs stays."),
        "orange",
      );
      return;
    case "competition_resumed":
    case "competition_extended": {
      const { competition_title: title, ends_at_ts } = event;
      const words =
        event.event === "competition_resumed"
          ? t("{title} goes on", { title })
          : t("{title} is extended", { title });
      notify(words, ends_at_ts ? t("It ends {time}.", { time: moment(ends_at_ts * 1000) }) : "");
    }
  }
}
