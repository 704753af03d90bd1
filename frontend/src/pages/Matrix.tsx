import "./Matrix.css";
import { Card } from "@mantine/core";
import { useMemo } from "react";
import { api } from "../api/client";
import { Blood } from "../components/Blood";
import { useFilters } from "../components/filters";
import { Pager } from "../components/Listing";
import { A } from "../components/links";
import { useRowMoves } from "../components/moving";
import { Empty, Loaded } from "../components/states";
import { moment, t } from "../i18n";

const PER_PAGE = 25;

/** The matrix of solves: a row for each team by rank, a column for each challenge. */
export function Matrix({ competitionId }: { competitionId: string }) {
  const query = api.useQuery("get", "/api/v1/competitions/{competition_id}/solve-matrix", {
    params: { path: { competition_id: competitionId } },
  });
  const [{ offset = 0 }] = useFilters();
  const ids = useMemo(() => query.data?.teams.map(({ team_id }) => team_id) ?? [], [query.data]);
  const box = useRowMoves<HTMLTableElement>(ids, String(offset));
  return (
    <Loaded query={query} height={300}>
      {({ teams, challenges, cells }) => {
        if (!teams.length) return <Empty title={t("No team yet")} />;
        const found = new Map(cells.map((cell) => [`${cell.team_id} ${cell.challenge_id}`, cell]));
        return (
          <Card p="xs">
            <section className="scroll" tabIndex={0} aria-label={t("Matrix")}>
              <table className="matrix" ref={box}>
                <thead>
                  <tr>
                    <th scope="col">{t("Team")}</th>
                    {challenges.map((challenge) => (
                      <th key={challenge.challenge_id} scope="col" title={challenge.name}>
                        <span>{challenge.name}</span>
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {teams.slice(offset, offset + PER_PAGE).map((team) => (
                    <tr key={team.team_id} data-row={team.team_id}>
                      <th scope="row">
                        <A
                          to="/teams/$teamId"
                          params={{ teamId: team.team_id }}
                          c="inherit"
                          title={team.name}
                        >
                          {team.name}
                        </A>
                      </th>
                      {challenges.map((challenge) => {
                        const cell = found.get(`${team.team_id} ${challenge.challenge_id}`);
                        const [sign, word] = !cell
                          ? ["", ""]
                          : cell.first_blood
                            ? [<Blood key="first" />, t("first blood")]
                            : cell.solved
                              ? ["✓", t("solved")]
                              : [`${cell.attempts}×`, t("tried")];
                        return (
                          <td
                            key={challenge.challenge_id}
                            title={cell?.solved_at ? `${word}, ${moment(cell.solved_at)}` : word}
                          >
                            {sign}
                          </td>
                        );
                      })}
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
            <Pager total={teams.length} perPage={PER_PAGE} />
          </Card>
        );
      }}
    </Loaded>
  );
}
