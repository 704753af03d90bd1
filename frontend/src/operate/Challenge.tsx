import { Alert, Button, Card, Group, SimpleGrid, Stack, Tabs, Text, Title } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { api } from "../api/client";
import { Bars } from "../components/Bars";
import { CategoryBadge, DifficultyBadge, StateBadge } from "../components/badges";
import { useFilters } from "../components/filters";
import { A } from "../components/links";
import { Markdown } from "../components/Markdown";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { asWords, moment, t } from "../i18n";
import { ChallengeEditor } from "./ChallengeEditor";
import { ChallengeFiles } from "./ChallengeFiles";
import { ChallengeVersions } from "./ChallengeVersions";
import { Findings } from "./Findings";
import { open, TaskLog } from "./Task";

/** One challenge: how it does, what it is, its files and versions. */
export function Challenge() {
  const { challengeId } = useParams({ from: "/framed/admin/challenges/$challengeId" });
  const path = { challenge_id: challengeId };
  const challenge = api.useQuery("get", "/api/v1/challenges/{challenge_id}", { params: { path } });
  const [{ tab = "overview" }, change] = useFilters();
  const held = api.useQuery("get", "/api/v1/admin/challenges/{challenge_id}/files", {
    params: { path },
  });
  const started = { onSuccess: () => notify(t("Started: see the tasks")) };
  const build = api.useMutation("post", "/api/v1/admin/challenges/{challenge_id}/build", started);
  const pull = api.useMutation("post", "/api/v1/admin/challenges/{challenge_id}/pull", started);
  const navigate = useNavigate();
  const test = api.useMutation("post", "/api/v1/admin/challenges/{challenge_id}/test-play", {
    onSuccess: ({ competition_id }) =>
      navigate({ to: `/competitions/${competition_id}/challenges/${challengeId}` as string }),
  });
  return (
    <Page
      title={challenge.data?.name ?? challengeId}
      kind={t("Operate")}
      lead={
        <Group gap="xs">
          <CategoryBadge category={challenge.data?.category} />
          <DifficultyBadge difficulty={challenge.data?.difficulty} />
          {challengeId}
        </Group>
      }
      size="xl"
      actions={
        <>
          <Button
            variant="default"
            loading={test.isPending}
            onClick={() => test.mutate({ params: { path } })}
          >
            {t("Test play")}
          </Button>
          <Button variant="default" onClick={() => pull.mutate({ params: { path } })}>
            {t("Pull")}
          </Button>
          <Button onClick={() => build.mutate({ params: { path } })}>{t("Build")}</Button>
        </>
      }
    >
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="overview">{t("Overview")}</Tabs.Tab>
          <Tabs.Tab value="edit">{t("Edit")}</Tabs.Tab>
          <Tabs.Tab value="files">{t("Files")}</Tabs.Tab>
          <Tabs.Tab value="versions">{t("Versions")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <Overview challengeId={challengeId} />
        </Tabs.Panel>
        <Tabs.Panel value="edit">
          <Loaded query={held} height={500}>
            {(found) => <ChallengeEditor key={challengeId} held={found} />}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="files">
          <Loaded query={held} height={300}>
            {(found) => <ChallengeFiles held={found} />}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <ChallengeVersions challengeId={challengeId} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

/** What nodes say while they build or pull it: the newest time that somebody asked for it. */
function Preparing({ challengeId }: { challengeId: string }) {
  const query = api.useQuery(
    "get",
    "/api/v1/admin/tasks",
    { params: { query: { challenge_id: challengeId, limit: 1 } } },
    { refetchInterval: (found) => (open(found.state.data?.items[0]?.status) ? 1000 : false) },
  );
  const task = query.data?.items[0];
  if (!task) return null;
  return (
    <Card>
      <Group gap="xs" mb="xs">
        <Title order={2} size="h5">
          {t("What the nodes said")}
        </Title>
        <StateBadge state={task.status} />
        <A to="/admin/tasks/$taskId" params={{ taskId: task.id }} size="sm">
          {asWords(task.kind)}
        </A>
        <Text size="sm" c="dimmed">
          <Ago at={task.created_at_ts} />
        </Text>
      </Group>
      {task.error && (
        <Alert color="red" title={task.error} mb="xs" className="wrap">
          <span className="mono">{task.error_detail}</span>
        </Alert>
      )}
      <TaskLog key={task.id} taskId={task.id} going={open(task.status)} />
    </Card>
  );
}

/** Where it is built, how fast it starts, what players say of it. */
function Overview({ challengeId }: { challengeId: string }) {
  const path = { challenge_id: challengeId };
  const challenge = api.useQuery("get", "/api/v1/challenges/{challenge_id}", { params: { path } });
  const series = api.useQuery("get", "/api/v1/admin/challenges/{challenge_id}/timeseries", {
    params: { path, query: { window: 86_400, bucket: 3600 } },
  });
  const stats = api.useQuery("get", "/api/v1/admin/challenges/stats", {
    params: { query: { q: challengeId, limit: 100 } },
  });
  const builds = api.useQuery("get", "/api/v1/admin/challenges/build-state");
  const pulls = api.useQuery("get", "/api/v1/admin/challenges/pull-state");
  const feedback = api.useQuery("get", "/api/v1/admin/challenges/{challenge_id}/feedback", {
    params: { path, query: { limit: 50 } },
  });
  const last = stats.data?.items.find((row) => row.challenge_id === challengeId)?.last_error;
  const where = [
    ...(builds.data?.rows ?? []).map((row) => ({ ...row, what: t("build") })),
    ...(pulls.data?.rows ?? []).map((row) => ({ ...row, what: t("pull") })),
  ].filter((row) => row.challenge_id === challengeId);
  return (
    <Stack>
      <Findings challengeId={challengeId} />
      {last && (
        <Alert color="orange" title={t("Last error")} className="wrap">
          {last.message} · <Ago at={last.ts} />
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card>
          <Title order={2} size="h5" mb="xs">
            {t("Launches, last 24 hours")}
          </Title>
          <Loaded query={series} height={100}>
            {({ buckets }) => (
              <Bars
                label={t("Launches, last 24 hours")}
                bars={buckets.map(({ ts = 0, launches = 0 }) => ({ at: ts, value: launches }))}
              />
            )}
          </Loaded>
        </Card>
        <Card>
          <Title order={2} size="h5" mb="xs">
            {t("Across the fleet")}
          </Title>
          <Stack gap={4}>
            {where.length === 0 && (
              <Text size="sm" c="dimmed">
                {t("No node has it yet.")}
              </Text>
            )}
            {where.flatMap((row) =>
              row.nodes.map((node) => (
                <Group key={`${row.what} ${node.node_id}`} gap="xs">
                  <Text size="sm" className="wrap">
                    {row.what} · {node.node_id}
                  </Text>
                  <StateBadge state={node.status} />
                  <Text size="sm" c="dimmed" className="wrap">
                    {node.error || node.node_error}
                  </Text>
                </Group>
              )),
            )}
          </Stack>
        </Card>
      </SimpleGrid>
      <Preparing challengeId={challengeId} />
      <Card>
        <Markdown text={challenge.data?.description ?? ""} imagesOf={challengeId} />
      </Card>
      <Card>
        <Title order={2} size="h5" mb="xs">
          {t("Feedback")}
        </Title>
        <Loaded query={feedback} height={80}>
          {({ items }) =>
            items.length ? (
              <Stack gap={4}>
                {items.map((row) => (
                  <Text key={`${row.user_id} ${row.reaction}`} size="sm" className="wrap">
                    {row.reaction.replaceAll("_", " ")} · {row.user_display_name} ·{" "}
                    {moment(row.updated_at ?? row.created_at)}
                  </Text>
                ))}
              </Stack>
            ) : (
              <Empty title={t("No feedback yet")} />
            )
          }
        </Loaded>
      </Card>
    </Stack>
  );
}
