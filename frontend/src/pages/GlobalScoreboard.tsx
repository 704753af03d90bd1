import { Avatar, Group, Tabs } from "@mantine/core";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { DifficultyBadge } from "../components/badges";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty } from "../components/states";
import { TeamLogo } from "../components/TeamLogo";
import { Ago } from "../components/time";
import { number, percent, t } from "../i18n";

/** The scoreboards over all public competitions. */
export function GlobalScoreboard() {
  const [{ tab = "teams" }, change] = useFilters();
  return (
    <Page title={t("Scoreboard")} lead={t("Over all public competitions")}>
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="teams">{t("Teams")}</Tabs.Tab>
          <Tabs.Tab value="people">{t("People")}</Tabs.Tab>
          <Tabs.Tab value="challenges">{t("Challenges")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="teams">
          <Teams />
        </Tabs.Panel>
        <Tabs.Panel value="people">
          <People />
        </Tabs.Panel>
        <Tabs.Panel value="challenges">
          <Challenges />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function usePage() {
  const [{ offset = 0 }] = useFilters();
  return { params: { query: { limit: PER_PAGE, offset } } };
}

const nobody = () => <Empty title={t("Nobody has solved anything yet")} />;

function Teams() {
  const query = api.useQuery("get", "/api/v1/scoreboard", usePage());
  return (
    <Listing
      label={t("Teams")}
      query={query}
      id={(row) => row.team_id}
      empty={nobody()}
      columns={[
        { title: t("Rank"), cell: (row) => row.rank },
        {
          title: t("Team"),
          cell: (row) => (
            <>
              <TeamLogo url={row.avatar_url} />
              <A to="/teams/$teamId" params={{ teamId: row.team_id }} className="wrap">
                {row.team_name}
              </A>
            </>
          ),
        },
        { title: t("Solved"), right: true, cell: (row) => row.solved },
        { title: t("Answers"), right: true, wide: true, cell: (row) => row.flags_solved },
        {
          title: t("Last solve"),
          right: true,
          wide: true,
          cell: (row) => <Ago at={row.last_solve_at} />,
        },
      ]}
    />
  );
}

function People() {
  const query = api.useQuery("get", "/api/v1/scoreboard/users", usePage());
  const me = useMe().data;
  return (
    <Listing
      label={t("People")}
      query={query}
      id={(row) => row.user_id}
      empty={nobody()}
      columns={[
        { title: t("Rank"), cell: (row) => row.rank },
        {
          title: t("Name"),
          cell: (row) => (
            <Group gap="xs" wrap="nowrap">
              <Avatar src={row.avatar_url || null} name={row.display_name} size={24} />
              {me ? (
                <A to="/users/$userId" params={{ userId: row.user_id }} className="wrap">
                  {row.display_name}
                </A>
              ) : (
                row.display_name
              )}
            </Group>
          ),
        },
        { title: t("Solved"), right: true, cell: (row) => row.solved },
        {
          title: t("Last solve"),
          right: true,
          wide: true,
          cell: (row) => <Ago at={row.last_solve_at} />,
        },
      ]}
    />
  );
}

function Challenges() {
  const query = api.useQuery("get", "/api/v1/scoreboard/challenges", usePage());
  const me = useMe().data;
  return (
    <Listing
      label={t("Challenges")}
      query={query}
      id={(row) => row.challenge_id}
      empty={<Empty title={t("There is no challenge here")} />}
      columns={[
        {
          title: t("Challenge"),
          cell: (row) =>
            me ? (
              <A to="/challenges/$challengeId" params={{ challengeId: row.challenge_id }}>
                {row.name}
              </A>
            ) : (
              row.name
            ),
        },
        {
          title: t("Difficulty"),
          wide: true,
          cell: (row) => <DifficultyBadge difficulty={row.difficulty} />,
        },
        { title: t("Solves"), right: true, cell: (row) => row.solves_count },
        {
          title: t("Attempts"),
          right: true,
          wide: true,
          cell: (row) => number(row.total_attempts ?? 0),
        },
        { title: t("Success"), right: true, cell: (row) => percent(row.success_rate ?? 0) },
      ]}
    />
  );
}
