import { useParams } from "@tanstack/react-router";
import { api, type CompetitionDetail } from "../api/client";
import { useMe } from "../api/me";

/** The competition that the address names. */
export function useCompetition() {
  const { competitionId = "" } = useParams({ strict: false });
  return api.useQuery("get", "/api/v1/competitions/{competition_id}", {
    params: { path: { competition_id: competitionId } },
  });
}

/** Whether the person here runs a competition. */
export function useRuns(competitionId: string): boolean {
  const me = useMe().data;
  return Boolean(me?.is_admin || me?.competition_admin_ids.includes(competitionId));
}

/** Whether the person here may know who is ahead in a competition. */
export function useSeesStandings(competition?: CompetitionDetail): boolean {
  const runs = useRuns(competition?.id ?? "");
  const visibility = competition?.scoreboard_visibility ?? "public";
  const plays = visibility === "players" && Boolean(competition?.is_registered);
  return visibility === "public" || plays || runs;
}

/** Whether anything can be started in a competition now: not in a pause; after it, for practice. */
export function isPlayable({ phase, paused_at, practice }: CompetitionDetail): boolean {
  return !paused_at && (phase === "running" || (phase === "past" && Boolean(practice)));
}
