import "../components/fresh.css";
import "./Wall.css";
import { IconMaximize, IconSnowflake, IconVolume, IconVolumeOff } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { type ReactNode, Suspense, useMemo } from "react";
import { useBranding } from "../api/branding";
import {
  api,
  type PublicCompetition,
  type ScoreboardEntry,
  type Wall as WallData,
  type WallSolve,
} from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { useMe } from "../api/me";
import { Blood } from "../components/Blood";
import { lineColor } from "../components/lines";
import { ButtonLink } from "../components/links";
import { useRowMoves } from "../components/moving";
import { useTitle } from "../components/Page";
import { Loaded } from "../components/states";
import { TeamLogo } from "../components/TeamLogo";
import { Ago, useNow } from "../components/time";
import { clockTime, date, moment, number, t } from "../i18n";
import { solveKey, useNews } from "./news";
import { useRoom, useScreenOn } from "./screen";
import { useSound } from "./sound";

const Graph = lazyComponent(async () => (await import("../components/ScoreGraph")).ScoreGraph);
const QrCode = lazyComponent(async () => (await import("../components/QrCode")).QrCode);
const EVERY_MS = 2000;
const ROW_EM = 2;
const FEW = 6; // so few that the podium may have their room
const LAST_MINUTES_S = 300;

/** A competition on a projector: no sign-in for a public one, readable from the last row. */
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
  useScreenOn();
  return (
    <main className="wall">
      {query.data && query.error ? (
        <div role="status" className="lost">
          {t("Connection lost. Trying again…")}
        </div>
      ) : null}
      <Loaded query={query} height={600}>
        {(wall) => <Screen key={wall.competition.id} wall={wall} />}
      </Loaded>
      {query.error && !query.data && me === null ? (
        <ButtonLink to="/login" search={{ back: `/wall/${competitionId}` }} mt="md">
          {t("Sign in")}
        </ButtonLink>
      ) : null}
    </main>
  );
}

/** How things stand: what a projector shows follows from it. */
function standing({ competition, entries, teams }: WallData, now: number) {
  const { phase, paused_at, freezes_at, scoreboard_visibility } = competition;
  const reached = paused_at ? Date.parse(paused_at) : now;
  const frozen = Boolean(freezes_at) && Date.parse(freezes_at!) <= reached;
  return {
    frozen,
    hidden: scoreboard_visibility !== "public" && !entries.length && teams > 0,
    // While a freeze hides how it ended, nobody has won.
    decided: phase === "past" && !frozen,
  };
}

function Screen({ wall }: { wall: WallData }) {
  const { competition, latest, teams } = wall;
  const sound = useSound();
  const { fresh, blood } = useNews(latest, sound.ring);
  const { frozen, hidden, decided } = standing(wall, useNow());
  const upcoming = competition.phase === "upcoming";
  return (
    <>
      <header className="wall-head">
        <div className="wall-title">
          <Event />
          <h1 title={competition.title}>
            <bdi>{competition.title}</bdi>
          </h1>
          <div className="wall-facts">
            <span>{t("{n} team|{n} teams", { n: teams })}</span>
            <Controls sound={sound} />
          </div>
        </div>
        {!upcoming && !hidden && <Clock competition={competition} />}
      </header>
      <div role="status" className="wall-strips">
        {competition.paused_at && <p className="wall-strip paused">{t("Paused")}</p>}
        {frozen && !hidden && (
          <p className="wall-strip frozen">
            <IconSnowflake size="1.1em" aria-hidden />{" "}
            {competition.phase === "past"
              ? t("Over. The result follows; this is how things stood at {time}.", {
                  time: moment(competition.freezes_at),
                })
              : t("Frozen: this is how things stood at {time}; solves still count.", {
                  time: moment(competition.freezes_at),
                })}
          </p>
        )}
      </div>
      {upcoming ? (
        <Middle competition={competition}>
          <p>{moment(competition.starts_at)}</p>
          <Invitation competition={competition} />
        </Middle>
      ) : hidden ? (
        <Middle competition={competition}>
          <p>{t("The standings are not shown here.")}</p>
        </Middle>
      ) : (
        <Standings wall={wall} fresh={fresh} decided={decided} />
      )}
      <div role="status" className="wall-event">
        {blood && <FirstBlood key={solveKey(blood)} solve={blood} />}
      </div>
    </>
  );
}

/** Whose platform it is. */
function Event() {
  const { event_name, logo } = useBranding();
  return (
    <div className="wall-brand clip" title={event_name}>
      {logo ? <img src={logo.url} alt={event_name} /> : <bdi>{event_name}</bdi>}
    </div>
  );
}

function Controls({ sound }: { sound: ReturnType<typeof useSound> }) {
  const Speaker = sound.on ? IconVolume : IconVolumeOff;
  return (
    <span className="wall-controls">
      <button type="button" aria-pressed={sound.on} onClick={sound.toggle}>
        <Speaker size="1.2em" aria-hidden /> {t("Sound")}
      </button>
      {document.fullscreenEnabled && (
        <button
          type="button"
          onClick={() =>
            document.fullscreenElement
              ? document.exitFullscreen()
              : document.documentElement.requestFullscreen()
          }
        >
          <IconMaximize size="1.2em" aria-hidden /> {t("Full screen")}
        </button>
      )}
    </span>
  );
}

/** The time to the next turn, for the last row of a hall. */
function Clock({ competition }: { competition: PublicCompetition }) {
  const { phase, starts_at, ends_at, paused_at } = competition;
  const ticking = useNow(250);
  if (phase === "past") return <div className="wall-clock over">{t("over")}</div>;
  const now = date(paused_at)?.getTime() ?? ticking;
  const to = date(phase === "upcoming" ? starts_at : ends_at)?.getTime();
  const since = date(starts_at)?.getTime();
  // Without an end it tells how long it has been going on.
  const counted = to ? to - now : since ? now - since : null;
  if (counted === null) return null;
  const { days, time } = clockTime(counted / 1000);
  const last = phase === "running" && to && counted < LAST_MINUTES_S * 1000;
  return (
    <div className="wall-clock" data-last={last || undefined} data-stopped={paused_at || undefined}>
      <span className="wall-clock-of">
        {phase === "upcoming" ? t("starts in") : to ? t("ends in") : t("running for")}
      </span>
      <span role="timer" className="digits">
        {days > 0 && <small>{t("{n} day|{n} days", { n: days })} </small>}
        {time}
      </span>
    </div>
  );
}

/** The clock alone: before the start, and where the standings are nobody's to see. */
function Middle({
  competition,
  children,
}: {
  competition: PublicCompetition;
  children: ReactNode;
}) {
  return (
    <div className="wall-middle">
      <Clock competition={competition} />
      {children}
    </div>
  );
}

/** Where one takes part. */
function Invitation({ competition }: { competition: PublicCompetition }) {
  const address = `${location.origin}/competitions/${competition.id}`;
  return (
    <div className="wall-join">
      <Suspense>
        <QrCode text={address} label={t("The address to take part, as a QR code")} />
      </Suspense>
      <div>
        <p>{t("Take part:")}</p>
        <p className="wrap">{address}</p>
      </div>
    </div>
  );
}

function Standings({
  wall: { competition, entries, series, latest },
  fresh,
  decided,
}: {
  wall: WallData;
  fresh: Set<string>;
  decided: boolean;
}) {
  const points = competition.rank_by === "points";
  const score = (entry: ScoreboardEntry) => (points ? entry.points : entry.solved) ?? 0;
  const lines = new Map(
    series.map(({ team_id, points }, place) => [team_id, points.length ? lineColor(place) : ""]),
  );
  const placed = entries.slice(0, 3).filter((entry) => (entry.flags_solved ?? 0) > 0);
  const drawn = series.filter((each) => each.points.length);
  const unit = points ? t("Points") : t("Solved");
  const [from, ends] = [date(competition.starts_at), date(competition.ends_at)];
  const until = competition.phase === "past" ? ends : date(competition.paused_at);
  return (
    <div
      className="wall-grid"
      data-decided={decided || undefined}
      data-large={decided || entries.length <= FEW || undefined}
    >
      <section className="wall-ranking" aria-label={t("Scoreboard")}>
        {placed.length > 0 && (
          <ol className="wall-podium" aria-label={t("Podium")}>
            {placed.map((entry, place) => (
              <li key={entry.team_id} data-place={place + 1}>
                <strong className="wall-name" dir="auto" title={entry.team_name}>
                  <TeamLogo url={entry.avatar_url} /> <bdi>{entry.team_name}</bdi>
                </strong>
                <div className="wall-step" style={{ "--line": lines.get(entry.team_id) } as object}>
                  <span className="wall-medal digits">{entry.rank}</span>
                  <span className="wall-score digits">{number(score(entry))}</span>
                </div>
              </li>
            ))}
          </ol>
        )}
        <Ranks
          entries={entries.slice(placed.length)}
          {...{ score, unit, lines, fresh }}
          none={entries.length === 0}
        />
      </section>
      <section className="wall-course">
        {drawn.length > 0 && (
          <div className="wall-graph">
            <Suspense>
              <Graph
                series={series}
                from={from ? from.getTime() / 1000 : undefined}
                until={until ? until.getTime() / 1000 : undefined}
              />
            </Suspense>
          </div>
        )}
        <h2>{t("Latest solves")}</h2>
        {latest.length === 0 ? (
          <>
            <p>{t("Nobody has solved anything yet")}</p>
            {competition.phase === "running" && <Invitation competition={competition} />}
          </>
        ) : (
          <Latest latest={latest} />
        )}
      </section>
    </div>
  );
}

function Ranks({
  entries,
  score,
  unit,
  lines,
  fresh,
  none,
}: {
  entries: ScoreboardEntry[];
  score: (entry: ScoreboardEntry) => number;
  unit: string;
  lines: Map<string, string>;
  fresh: Set<string>;
  none: boolean;
}) {
  const { ref, rows } = useRoom(ROW_EM);
  const shown = entries.slice(0, Math.max(0, rows - 1));
  const ids = useMemo(() => entries.map(({ team_id }) => team_id), [entries]);
  const box = useRowMoves<HTMLTableElement>(ids);
  return (
    <div className="wall-room" ref={ref}>
      {none && <p>{t("No team yet")}</p>}
      {shown.length > 0 && (
        <table className="wall-rows" ref={box}>
          <thead>
            <tr>
              <th scope="col">{t("Rank")}</th>
              <th scope="col">{t("Team")}</th>
              <th scope="col" className="end">
                {unit}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => (
              <tr
                key={entry.team_id}
                data-row={entry.team_id}
                className={fresh.has(entry.team_id) ? "fresh" : ""}
              >
                <td className="digits">
                  {entry.rank}
                  <span
                    className="wall-line"
                    style={{ background: lines.get(entry.team_id) || "none" }}
                  />
                </td>
                <td className="clip" dir="auto" title={entry.team_name}>
                  <TeamLogo url={entry.avatar_url} /> {entry.team_name}
                </td>
                <td className="digits end">{number(score(entry))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Latest({ latest }: { latest: WallSolve[] }) {
  const { ref, rows } = useRoom(ROW_EM);
  return (
    <div className="wall-room" ref={ref}>
      <ol className="wall-latest" aria-label={t("Latest solves")}>
        {latest.slice(0, rows).map((solve) => (
          <li key={solveKey(solve)}>
            <span className="wall-sign">{solve.rank === 1 ? <Blood /> : "✓"}</span>
            <strong className="clip" dir="auto" title={solve.team_name}>
              {solve.team_name}
            </strong>
            <span className="clip" dir="auto" title={solve.challenge_name}>
              {solve.challenge_name}
            </span>
            <span className="wall-ago">
              <Ago at={solve.solved_at} />
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** A first blood, over the whole width. */
function FirstBlood({ solve }: { solve: WallSolve }) {
  return (
    <div className="wall-blood">
      <p className="wall-blood-of">
        <Blood /> {t("First blood!")}
      </p>
      <p className="wall-blood-challenge" dir="auto" title={solve.challenge_name}>
        <bdi>{solve.challenge_name}</bdi>
      </p>
      <p className="wall-blood-team" dir="auto" title={solve.team_name}>
        <bdi>{solve.team_name}</bdi>
      </p>
    </div>
  );
}
