import { useParams } from "@tanstack/react-router";
import { api } from "../api/client";

/** The competition that the address names. */
export function useCompetition() {
  const { competitionId = "" } = useParams({ strict: false });
  return api.useQuery("get", "/api/v1/competitions/{competition_id}", {
    params: { path: { competition_id: competitionId } },
  });
}
