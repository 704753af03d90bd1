import "../components/fresh.css";
import "./Wall.css";
import { Group } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { Suspense, useEffect, useRef, useState } from "react";
import { api, type Wall as WallData } from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { useMe } from "../api/me";
import { Blood } from "../components/Blood";
import { ButtonLink } from "../components/links";
import { useTitle } from "../components/Page";
import { Loaded } from "../components/states";
import { TeamLogo } from "../components/TeamLogo";
import { Ago, Countdown } from "../components/time";
import { t } from "../i18n";

const Graph = lazyComponent(async () => (await import("../components/ScoreGraph")).ScoreGraph);
const EVERY_MS = 2000;
const ROWS = 15;

/** A competition on a projector: no sign-in for a public one, nothing to click, readable from the last row. */
export function Wall() {
  const { competitionId } = useParams({ from: "/wall/$competitionId" });
  const query = api.useQuery(
    "get",
    "/api/v1/walls/{competition_id}",
    { params: { path: { competition_id: competitionId } } },
    { refetchInterval: EVERY_MS, refetchIntervalInBackground: true, staleTime: EVERY_MS },
  );
  const me = useMe().data;
  useTitle(query.data?.competition.title ?? t("Wall"));
  return (
    <main className="wall">
      {query.data && query.error ? (
        <div role="status" className="lost">
          {t("Connection lost. Trying again…")}
        </div>
      ) : null}
      <Loaded query={query} height={600}>
        {(wall) => <Screen wall={wall} />}
      </Loaded>
      {query.error && !query.data && me === null ? (
        <ButtonLink to="/login" search={{ back: `/wall/${competitionId}` }} mt="md">
          {t("Sign in")}
        </ButtonLink>
      ) : null}
    </main>
  );
}

function Screen({ wall }: { wall: WallData }) {
  const { competition, entries, series, latest } = wall;
  const fresh = useFresh(wall);
  const { paused_at, freezes_at, scoreboard_visibility } = competition;
  const reached = paused_at ? Date.parse(paused_at) : Date.now();
  const frozen = freezes_at && Date.parse(freezes_at) <= reached;
  const hidden = scoreboard_visibility !== "public" && !entries.length && wall.teams > 0;
  return (
    <>
      <Group justify="space-between" align="baseline" mb="md">
        <h1 className="wrap">{competition.title}</h1>
        <div className="digits">
          {competition.phase === "upcoming" && (
            <>
              {t("starts in")} <Countdown to={competition.starts_at} size="inherit" />
            </>
          )}
          {paused_at && `${t("Paused")} · `}
          {competition.phase === "running" && competition.ends_at && (
            <>
              {t("ends in")}{" "}
              <Countdown to={competition.ends_at} stopped={paused_at} size="inherit" />
            </>
          )}
          {competition.phase === "past" && t("over")}
          {frozen && ` · ${t("frozen")}`}
          {" · "}
          {t("{n} team|{n} teams", { n: wall.teams })}
        </div>
      </Group>
      {hidden ? (
        <p>{t("The standings are not shown here.")}</p>
      ) : (
        <Standings {...{ competition, entries, series, latest, fresh }} />
      )}
    </>
  );
}

function Standings({
  competition,
  entries,
  series,
  latest,
  fresh,
}: Pick<WallData, "competition" | "entries" | "series" | "latest"> & { fresh: Set<string> }) {
  const points = competition.rank_by === "points";
  return (
    <div className="wall-grid">
      <table className="wall-rows" aria-label={t("Scoreboard")}>
        <thead>
          <tr>
            <th scope="col">{t("Rank")}</th>
            <th scope="col">{t("Team")}</th>
            <th scope="col" className="end">
              {points ? t("Points") : t("Solved")}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.slice(0, ROWS).map((entry) => (
            <tr key={entry.team_id} className={fresh.has(entry.team_id) ? "fresh" : ""}>
              <td className="digits">{entry.rank}</td>
              <td className="clip">
                <TeamLogo url={entry.avatar_url} /> {entry.team_name}
              </td>
              <td className="digits end">{points ? entry.points : entry.solved}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div>
        {series.some((each) => each.points.length) && (
          <Suspense fallback={<div style={{ height: 320 }} />}>
            <Graph series={series} height={320} />
          </Suspense>
        )}
        <h2>{t("Latest solves")}</h2>
        {latest.length === 0 && <p>{t("Nobody has solved anything yet")}</p>}
        <ol className="wall-latest">
          {latest.slice(0, 10).map((solve) => (
            <li key={`${solve.team_id} ${solve.challenge_id}`}>
              <strong>{solve.team_name}</strong> {solve.rank === 1 ? <Blood /> : "✓"}{" "}
              {solve.challenge_name}{" "}
              <span className="small">
                <Ago at={solve.solved_at} />
              </span>
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

/** The teams that just solved something. */
function useFresh(wall: WallData): Set<string> {
  const known = useRef<Set<string> | null>(null);
  const [fresh, setFresh] = useState(new Set<string>());
  useEffect(() => {
    const keys = wall.latest.map((solve) => `${solve.team_id} ${solve.challenge_id}`);
    const before = known.current;
    known.current = new Set(keys);
    if (!before) return;
    const newSolves = wall.latest.filter((_, place) => !before.has(keys[place]!));
    setFresh(new Set(newSolves.map((solve) => solve.team_id)));
  }, [wall.latest]);
  return fresh;
}
