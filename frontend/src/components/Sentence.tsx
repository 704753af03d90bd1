import { Fragment, type ReactNode } from "react";
import type { Activity } from "../api/client";
import { asWords, number, signed, t } from "../i18n";
import { A } from "./links";
import { SENTENCES } from "./sentences";

/** What happened, as a sentence with names; for `operators` the names lead to their pages. */
export function Sentence({ activity, operators }: { activity: Activity; operators?: boolean }) {
  const known = (SENTENCES as Record<string, (typeof SENTENCES)[keyof typeof SENTENCES]>)[
    activity.event ?? ""
  ];
  if (!known) return asWords(activity.event ?? ""); // of a newer server
  const text: string = t(typeof known === "function" ? known(activity) : known);
  // Odd ones are the names in braces. Bold, since colour alone would not tell a link from text.
  return text.split(/\{(\w+)\}/).map((part, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a sentence's parts never move
    <Fragment key={place}>{place % 2 ? named(part, activity, operators) : part}</Fragment>
  ));
}

function named(name: string, activity: Activity, operators?: boolean): ReactNode {
  const { actor_id, actor_name, team_id, team_name, challenge_id, detail } = activity;
  if (name === "who")
    return actor_name ? person(actor_id, actor_name, operators) : t("The platform");
  if (name === "whom") return person(detail.target_user_id, detail.target_user_name, operators);
  if (name === "team") {
    if (!team_id) return team_name || t("a team");
    const params = { teamId: team_id };
    const to = operators ? "/admin/teams/$teamId" : "/teams/$teamId";
    return (
      <A to={to} params={params} inherit fw={600}>
        {team_name || t("a team")}
      </A>
    );
  }
  if (name === "challenge") {
    const title = activity.challenge_name || challenge_id || t("a challenge");
    if (!operators || !challenge_id) return title;
    return (
      <A
        to="/admin/challenges/$challengeId"
        params={{ challengeId: challenge_id }}
        inherit
        fw={600}
      >
        {title}
      </A>
    );
  }
  if (name === "competition") {
    const title = detail.competition_title || t("a competition");
    if (!operators || !detail.competition_id) return title;
    const params = { competitionId: detail.competition_id };
    return (
      <A to="/admin/competitions/$competitionId" params={params} inherit fw={600}>
        {title}
      </A>
    );
  }
  const value = (detail as Record<string, unknown>)[name];
  if (name === "points") return signed(Number(value ?? 0));
  if (typeof value === "number") return number(value);
  return value ? (name === "task_kind" ? asWords(String(value)) : String(value)) : "–";
}

function person(
  id: string | null | undefined,
  name: string | null | undefined,
  operators?: boolean,
): ReactNode {
  if (!id || !name) return name || t("somebody");
  return (
    <A
      to={operators ? "/admin/users/$userId" : "/users/$userId"}
      params={{ userId: id }}
      inherit
      fw={600}
    >
      {name}
    </A>
  );
}
