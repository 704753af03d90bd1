import { Button, Group } from "@mantine/core";
import { api } from "../api/client";
import { CategoryBadge, DifficultyBadge, StateBadge } from "../components/badges";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Search } from "../components/Search";
import { Empty } from "../components/states";
import { notify } from "../components/toasts";
import { number, percent, t } from "../i18n";
import { Findings } from "./Findings";

/** The catalogue, with how each challenge does across the fleet. */
export function Challenges() {
  const [{ q = "", offset = 0 }] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/challenges/stats", {
    params: { query: { q, limit: PER_PAGE, offset } },
  });
  const builds = api.useQuery("get", "/api/v1/admin/challenges/build-state").data;
  const state = new Map(builds?.rows.map((row) => [row.challenge_id, row.aggregated]));
  const started = { onSuccess: () => notify(t("Started: see the tasks")) };
  const rescan = api.useMutation("post", "/api/v1/admin/challenges/rescan", started);
  const build = api.useMutation("post", "/api/v1/admin/challenges/build-all", started);
  const pull = api.useMutation("post", "/api/v1/admin/challenges/pull-all", started);
  return (
    <Page
      title={t("Challenges")}
      size="xl"
      actions={
        <>
          <Button variant="default" loading={rescan.isPending} onClick={() => rescan.mutate({})}>
            {t("Rescan")}
          </Button>
          <Button variant="default" loading={pull.isPending} onClick={() => pull.mutate({})}>
            {t("Pull all")}
          </Button>
          <Button variant="default" loading={build.isPending} onClick={() => build.mutate({})}>
            {t("Build all")}
          </Button>
          <ButtonLink to="/admin/new-challenge">{t("New challenge")}</ButtonLink>
        </>
      }
    >
      <Findings />
      <Group>
        <Search label={t("Find a challenge")} />
      </Group>
      <Listing
        label={t("Challenges")}
        query={query}
        id={(row) => row.challenge_id}
        empty={
          <Empty title={q ? t("No challenge matches") : t("There is no challenge here")}>
            {t("Make one, or bring folders with a metadata.yaml: “New challenge”.")}
          </Empty>
        }
        columns={[
          {
            title: t("Challenge"),
            cell: (row) => (
              <A to="/admin/challenges/$challengeId" params={{ challengeId: row.challenge_id }}>
                {row.name}
              </A>
            ),
          },
          {
            title: t("Category"),
            wide: true,
            cell: (row) => <CategoryBadge category={row.category} />,
          },
          {
            title: t("Difficulty"),
            wide: true,
            cell: (row) => <DifficultyBadge difficulty={row.difficulty} />,
          },
          { title: t("Build"), cell: (row) => <StateBadge state={state.get(row.challenge_id)} /> },
          {
            title: t("Running"),
            right: true,
            wide: true,
            cell: (row) => number(row.running_count ?? 0),
          },
          { title: t("Launches"), right: true, cell: (row) => number(row.launches ?? 0) },
          { title: t("Errors"), right: true, cell: (row) => percent(row.error_rate ?? 0) },
          {
            title: t("Start, p50"),
            right: true,
            wide: true,
            cell: (row) => `${number(row.p50_launch_s ?? 0)} s`,
          },
          {
            title: t("Start, p95"),
            right: true,
            wide: true,
            cell: (row) => `${number(row.p95_launch_s ?? 0)} s`,
          },
          {
            title: t("Solved"),
            right: true,
            wide: true,
            cell: (row) => percent(row.solve_rate ?? 0),
          },
        ]}
      />
    </Page>
  );
}
