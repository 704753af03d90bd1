import { Alert } from "@mantine/core";
import type { TeamDetail } from "../api/client";
import { t } from "../i18n";

/** Says that a team is not ranked, and why where the organisers tell. */
export function StandingNotice({ team }: { team: TeamDetail }) {
  if (!team.standing || team.standing === "ranked") return null;
  const disqualified = team.standing === "disqualified";
  return (
    <Alert
      color={disqualified ? "red" : "gray"}
      title={disqualified ? t("Disqualified") : t("Plays without ranking")}
    >
      {team.standing_reason}
    </Alert>
  );
}
