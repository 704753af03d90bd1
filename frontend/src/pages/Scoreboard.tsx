import "../components/fresh.css";
import "./Scoreboard.css";
import { Alert, Card, Group, Skeleton, Stack, Tabs, Text, Title } from "@mantine/core";
import { IconSnowflake } from "@tabler/icons-react";
import { type Ref, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { type CustomItemComponentProps, Virtualizer } from "virtua";
import { api, type CompetitionDetail, type ScoreboardEntry } from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { Blood } from "../components/Blood";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { A } from "../components/links";
import { useRowMoves } from "../components/moving";
import { useTitle } from "../components/Page";
import { Search } from "../components/Search";
import { Empty, Loaded } from "../components/states";
import { TeamLogo } from "../components/TeamLogo";
import { Ago, useNow } from "../components/time";
import { moment, percent, t } from "../i18n";
import { Matrix } from "./Matrix";
import { useCompetition, useSeesStandings } from "./useCompetition";

const Comparison = lazyComponent(async () => (await import("./Comparison")).Comparison);
const ALL = 10_000;

/** A competition's scoreboard, as it moves: rows, graph, matrix, challenges. */
export function Scoreboard() {
  const competition = useCompetition().data!;
  const [{ tab = "teams" }, change] = useFilters();
  useTitle(t("Scoreboard of {title}", { title: competition.title }));
  const ranked = useSeesStandings(competition);
  if (!ranked)
    return (
      <Empty title={t("The standings are not shown")}>
        {competition.scoreboard_visibility === "players"
          ? t("Those who take part in this competition see them.")
          : t("Only its organisers see them.")}
      </Empty>
    );
  return (
    <Stack mt="md">
      <Title order={1} className="offscreen">
        {t("Scoreboard")}
      </Title>
      <Frozen competition={competition} />
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="teams">{t("Teams")}</Tabs.Tab>
          <Tabs.Tab value="graph">{t("Graph")}</Tabs.Tab>
          <Tabs.Tab value="matrix">{t("Matrix")}</Tabs.Tab>
          <Tabs.Tab value="challenges">{t("Challenges")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="teams">
          <Teams competition={competition} />
        </Tabs.Panel>
        <Tabs.Panel value="graph">
          <Suspense fallback={<Skeleton height={420} aria-label={t("Loading")} />}>
            <Comparison competition={competition} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="matrix">
          <Matrix competitionId={competition.id} />
        </Tabs.Panel>
        <Tabs.Panel value="challenges">
          <Breakdown competitionId={competition.id} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Frozen({
  competition: { freezes_at, ends_at, paused_at },
}: {
  competition: CompetitionDetail;
}) {
  const ticking = useNow();
  const now = paused_at ? Date.parse(paused_at) : ticking;
  if (!freezes_at || now < Date.parse(freezes_at)) return null;
  return (
    <Alert color="blue" icon={<IconSnowflake />} title={t("The scoreboard is frozen")}>
      {t("It shows how things stood at {time}; solves still count.", { time: moment(freezes_at) })}
      {ends_at && ` ${t("It thaws when the operators lift it.")}`}
    </Alert>
  );
}

function Teams({ competition }: { competition: CompetitionDetail }) {
  const [{ q = "", bracket }, change] = useFilters();
  const query = api.useQuery(
    "get",
    "/api/v1/competitions/{competition_id}/scoreboard",
    { params: { path: { competition_id: competition.id }, query: { limit: ALL } } },
    // Events keep it current; this is for when none arrives.
    { refetchInterval: 60_000 },
  );
  return (
    <Loaded query={query} height={480}>
      {({ items }) => {
        if (!items.length)
          return <Empty title={t("No team yet")}>{t("The first one to join leads.")}</Empty>;
        const wanted = q.toLowerCase();
        const rows = items.filter(
          (entry) =>
            (!wanted || entry.team_name.toLowerCase().includes(wanted)) &&
            (!bracket || entry.bracket === bracket),
        );
        return (
          <Stack gap="sm">
            <Group gap="xs">
              <Search label={t("Find a team")} />
              {Boolean(competition.brackets?.length) && (
                <FilterSelect
                  label={t("Bracket")}
                  all={t("Every bracket")}
                  value={bracket}
                  change={(next) => change({ bracket: next })}
                  options={competition.brackets!}
                />
              )}
              <Text size="sm" c="dimmed">
                {t("{n} team|{n} teams", { n: rows.length })}
              </Text>
            </Group>
            <Rows rows={rows} shown={`${wanted} ${bracket ?? ""}`} competition={competition} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

const ROW = 44;

/** Thousands of rows, of which only the visible ones are in the page. */
function Rows({
  rows,
  shown,
  competition,
}: {
  rows: ScoreboardEntry[];
  /** What chose these rows. */
  shown: string;
  competition: CompetitionDetail;
}) {
  const points = competition.rank_by === "points";
  const fresh = useFresh(rows);
  const ids = useMemo(() => rows.map(({ team_id }) => team_id), [rows]);
  const box = useRowMoves<HTMLDivElement>(ids, shown);
  const grid = { gridTemplateColumns: "3.5rem minmax(0, 1fr) 4.5rem 5.5rem" };
  return (
    <Card p={0}>
      <div role="table" aria-label={t("Scoreboard")} aria-rowcount={rows.length}>
        <div role="rowgroup">
          <div role="row" className="board-row head" style={{ ...grid, height: ROW }}>
            <span role="columnheader">{t("Rank")}</span>
            <span role="columnheader">{t("Team")}</span>
            <span role="columnheader" className="end">
              {points ? t("Points") : t("Solved")}
            </span>
            <span role="columnheader" className="end">
              {t("Last solve")}
            </span>
          </div>
        </div>
        <div
          role="rowgroup"
          className="board"
          ref={box}
          tabIndex={0}
          aria-label={t("Teams")}
          style={{ height: Math.min(rows.length * ROW + 2, 640) }}
        >
          <Virtualizer data={rows} itemSize={ROW} bufferSize={12 * ROW} as={Part} item={Part}>
            {(entry, index) => (
              <div
                role="row"
                key={entry.team_id}
                aria-rowindex={index + 1}
                data-row={entry.team_id}
                className={fresh.has(entry.team_id) ? "board-row fresh" : "board-row"}
                data-mine={entry.team_id === competition.my_team_id || undefined}
                style={{ ...grid, height: ROW }}
              >
                <span role="cell" className="digits">
                  {entry.rank}
                </span>
                <span role="cell" className="clip">
                  <TeamLogo url={entry.avatar_url} />
                  <A to="/teams/$teamId" params={{ teamId: entry.team_id }} c="inherit">
                    {entry.team_name}
                  </A>
                </span>
                <span role="cell" className="digits end">
                  {points ? entry.points : entry.solved}
                </span>
                <span role="cell" className="end small">
                  {entry.last_solve_at ? <Ago at={entry.last_solve_at} /> : "–"}
                </span>
              </div>
            )}
          </Virtualizer>
        </div>
      </div>
    </Card>
  );
}

/** The wrappers that the virtual list adds, which are no part of the table to a screen reader. */
function Part({
  ref,
  style,
  children,
}: Pick<CustomItemComponentProps, "ref" | "style" | "children">) {
  return (
    <div role="presentation" ref={ref as Ref<HTMLDivElement>} style={style}>
      {children}
    </div>
  );
}

/** The teams whose score just changed. */
function useFresh(rows: ScoreboardEntry[]): Set<string> {
  const before = useRef<Map<string, number> | null>(null);
  const [fresh, setFresh] = useState(new Set<string>());
  const scores = useMemo(
    () => new Map(rows.map((entry) => [entry.team_id, entry.flags_solved ?? 0])),
    [rows],
  );
  useEffect(() => {
    const old = before.current;
    before.current = scores;
    if (!old) return;
    const changed = [...scores].filter(([id, score]) => old.has(id) && old.get(id) !== score);
    setFresh(new Set(changed.map(([id]) => id)));
  }, [scores]);
  return fresh;
}

function Breakdown({ competitionId }: { competitionId: string }) {
  const query = api.useQuery("get", "/api/v1/competitions/{competition_id}/challenge-breakdown", {
    params: { path: { competition_id: competitionId } },
  });
  return (
    <Loaded query={query} height={300}>
      {({ challenges }) => (
        <Stack gap="xs">
          {challenges.map((row) => (
            <Card key={row.challenge_id} p="sm">
              <Group justify="space-between" gap="xs">
                <A
                  to="/competitions/$competitionId/challenges/$challengeId"
                  params={{ competitionId, challengeId: row.challenge_id }}
                  fw={600}
                >
                  {row.name}
                </A>
                <Text size="sm" c="dimmed" className="digits">
                  {t("{n} solve|{n} solves", { n: row.solves_count ?? 0 })} ·{" "}
                  {t("{share} of the attempts", { share: percent(row.success_rate ?? 0) })}
                </Text>
              </Group>
              <Text size="sm" className="wrap">
                {row.first_blood_team_name ? (
                  <>
                    <Blood /> {row.first_blood_team_name}, {moment(row.first_blood_at)}
                  </>
                ) : (
                  t("No first blood yet")
                )}
              </Text>
            </Card>
          ))}
        </Stack>
      )}
    </Loaded>
  );
}
