import "./Comparison.css";
import { ActionIcon, Button, Card, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconSearch, IconX } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { type ReactNode, Suspense, useState } from "react";
import { api, type CompetitionDetail, type ScoreHistorySeries } from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { useFilters } from "../components/filters";
import { lineColor, lineDash, MOST_LINES } from "../components/lines";
import { A } from "../components/links";
import type { Stretch } from "../components/ScoreGraph";
import { Empty, Loaded } from "../components/states";
import { date, moment, number, t } from "../i18n";

const Graph = lazyComponent(async () => (await import("../components/ScoreGraph")).ScoreGraph);
const BEST = 10;
const MOST_FOUND = 8;
const HOUR = 3600;

/** The best teams over time, or those that one chooses, who stand in the address. */
export function Comparison({ competition }: { competition: CompetitionDetail }) {
  const [{ compare }, change] = useFilters();
  const chosen = compare?.split(",").slice(0, MOST_LINES);
  const query = api.useQuery(
    "get",
    "/api/v1/competitions/{competition_id}/score-history",
    {
      params: {
        path: { competition_id: competition.id },
        query: chosen ? { top: 0, team_id: chosen } : { top: BEST },
      },
    },
    { placeholderData: keepPreviousData },
  );
  const choose = (ids: string[]) => change({ compare: ids.join(",") });
  return (
    <Loaded query={query} height={420}>
      {({ series }) => {
        if (!chosen && !series.some(({ points }) => points.length))
          return <Empty title={t("Nobody has solved anything yet")} />;
        const ids = series.map(({ team_id }) => team_id);
        const own = competition.my_team_id;
        return (
          <Stack gap="sm">
            <Finder competitionId={competition.id} taken={ids} add={(id) => choose([...ids, id])}>
              {own && !ids.includes(own) && ids.length < MOST_LINES && (
                <Button variant="default" onClick={() => choose([...ids, own])}>
                  {t("Add your team")}
                </Button>
              )}
              {chosen && (
                <Button variant="default" onClick={() => choose([])}>
                  {t("The best {n}", { n: BEST })}
                </Button>
              )}
            </Finder>
            <Course
              series={series}
              competition={competition}
              remove={(gone) => choose(ids.filter((id) => id !== gone))}
            />
          </Stack>
        );
      }}
    </Loaded>
  );
}

/** Finds any team by its name, and adds it; beside other ways to choose. */
function Finder({
  competitionId,
  taken,
  add,
  children,
}: {
  competitionId: string;
  taken: string[];
  add: (id: string) => void;
  children: ReactNode;
}) {
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const board = api.useQuery(
    "get",
    "/api/v1/competitions/{competition_id}/scoreboard",
    { params: { path: { competition_id: competitionId }, query: { limit: 10_000 } } },
    { enabled: wanted !== "" },
  );
  const full = taken.length >= MOST_LINES;
  const found = board.data?.items.filter(
    ({ team_id, team_name }) =>
      !taken.includes(team_id) && team_name.toLowerCase().includes(wanted),
  );
  return (
    <Stack gap={6} miw={0}>
      <Group gap="xs">
        <TextInput
          type="search"
          aria-label={t("Add a team")}
          placeholder={t("Add a team")}
          leftSection={<IconSearch size={16} />}
          w={220}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {children}
      </Group>
      <div role="status">
        {wanted && full && (
          <Text size="sm">
            {t("At most {n} teams at once: take one away first.", { n: MOST_LINES })}
          </Text>
        )}
        {wanted && !full && found?.length === 0 && (
          <Text size="sm">{t("No other team has that name.")}</Text>
        )}
      </div>
      {wanted && !full && found && (
        <div className="found">
          {found.slice(0, MOST_FOUND).map(({ team_id, team_name, rank }) => (
            <Button
              key={team_id}
              size="compact-sm"
              variant="light"
              leftSection={<IconPlus size={14} aria-hidden />}
              title={team_name}
              onClick={() => {
                add(team_id);
                setText("");
              }}
            >
              <bdi className="clip">{team_name}</bdi>&nbsp;({rank})
            </Button>
          ))}
          {found.length > MOST_FOUND && (
            <Text size="sm" c="dimmed">
              {t("and {n} more", { n: found.length - MOST_FOUND })}
            </Text>
          )}
        </div>
      )}
    </Stack>
  );
}

/** The graph, and each of its lines with its score: now, or where the pointer is. */
function Course({
  series,
  competition,
  remove,
}: {
  series: ScoreHistorySeries[];
  competition: CompetitionDetail;
  remove: (id: string) => void;
}) {
  const [zoom, setZoom] = useState<Stretch | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const seconds = (time?: string | null) => {
    const found = date(time);
    return found ? found.getTime() / 1000 : undefined;
  };
  const { starts_at, ends_at, paused_at, phase } = competition;
  const from = seconds(starts_at);
  const until = seconds(phase === "past" ? ends_at : paused_at);
  const end = until ?? Date.now() / 1000;
  const first = Math.min(from ?? end, ...series.map(({ points }) => points[0]?.ts ?? end));
  return (
    <Card>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs" mih={30}>
          <Text size="sm" c="dimmed">
            {at
              ? moment(at)
              : t("Drag over the graph to look closer; a double click shows all of it again.")}
          </Text>
          <Group gap={6}>
            {[1, 6, 24].map(
              (hours) =>
                end - first > hours * HOUR * 1.5 && (
                  <Button
                    key={hours}
                    size="compact-sm"
                    variant="default"
                    onClick={() => setZoom({ min: end - hours * HOUR, max: end })}
                  >
                    {t("Last hour|Last {n} hours", { n: hours })}
                  </Button>
                ),
            )}
            <Button
              size="compact-sm"
              variant="default"
              disabled={!zoom}
              onClick={() => setZoom(null)}
            >
              {t("Whole time")}
            </Button>
          </Group>
        </Group>
        <div className="course">
          <Suspense fallback={<div style={{ height: 380 }} />}>
            <Graph
              series={series}
              height={380}
              from={from}
              until={until}
              zoom={zoom}
              onZoom={setZoom}
              onPoint={setAt}
            />
          </Suspense>
        </div>
        <ul className="chips" aria-label={t("Teams in the graph")}>
          {series.map(({ team_id, team_name, points }, place) => (
            <li key={team_id} className="chip">
              <svg width="18" height="4" aria-hidden="true">
                <line
                  x2="18"
                  y1="2"
                  y2="2"
                  stroke={lineColor(place)}
                  strokeWidth="4"
                  strokeDasharray={lineDash(place, 10)?.join(" ")}
                />
              </svg>
              <A
                to="/teams/$teamId"
                params={{ teamId: team_id }}
                c="inherit"
                className="clip"
                title={team_name}
              >
                {team_name}
              </A>
              <span className="digits">
                {number(points.findLast(({ ts }) => !at || (ts ?? 0) <= at)?.score ?? 0)}
              </span>
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                radius="xl"
                aria-label={t("Take {team} off the graph", { team: team_name })}
                onClick={() => remove(team_id)}
              >
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      </Stack>
    </Card>
  );
}
