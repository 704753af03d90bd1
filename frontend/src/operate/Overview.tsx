import "../components/tile.css";
import "@mantine/core/styles/Stepper.css";
import { Alert, Card, Group, SimpleGrid, Stack, Stepper, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { type AdminOverview, api } from "../api/client";
import { Bars } from "../components/Bars";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { duration, number, t } from "../i18n";

/** The platform at a glance: how much runs, what is wrong, what to do first. */
export function Overview() {
  const overview = api.useQuery("get", "/api/v1/admin/overview", {}, { refetchInterval: 10_000 });
  const flags = api.useQuery("get", "/api/v1/admin/health-flags", {}, { refetchInterval: 10_000 });
  return (
    <Page title={t("Overview")} size="xl">
      <FirstSteps />
      <Loaded query={overview} height={160}>
        {(counts) => <Counts counts={counts} />}
      </Loaded>
      <Loaded query={flags} height={80}>
        {({
          stuck_starting,
          recent_errors,
          unhealthy_nodes,
          silent_challenges,
          node_warnings = [],
        }) => (
          <Stack gap="xs">
            {unhealthy_nodes.map((node) => (
              <Flag key={node.node_id} color="red" title={t("A node is silent")}>
                <A to="/admin/nodes/$nodeId" params={{ nodeId: node.node_id }}>
                  {node.display_name || node.url}
                </A>{" "}
                <Ago at={node.last_heartbeat_ts} />
              </Flag>
            ))}
            {node_warnings.map((warning) => (
              <Flag
                key={warning.node_id + warning.code}
                color="blue"
                title={t("A node could be set up better")}
              >
                <A to="/admin/nodes/$nodeId" params={{ nodeId: warning.node_id }}>
                  {warning.display_name || warning.node_id}
                </A>
                : {warning.detail}
              </Flag>
            ))}
            {stuck_starting.map((instance) => (
              <Flag
                key={instance.instance_id}
                color="orange"
                title={t("An instance does not start")}
              >
                <A to="/admin/instances/$instanceId" params={{ instanceId: instance.instance_id }}>
                  {instance.challenge_id}
                </A>{" "}
                {duration(instance.stuck_for_s ?? 0)}
              </Flag>
            ))}
            {recent_errors.slice(0, 5).map((error) => (
              <Flag key={error.instance_id} color="orange" title={t("An instance failed")}>
                <A to="/admin/records/$instanceId" params={{ instanceId: error.instance_id }}>
                  {error.challenge_id}
                </A>
                : {error.error} · <Ago at={error.stopped_at} />
              </Flag>
            ))}
            {silent_challenges.slice(0, 5).map((challenge) => (
              <Flag
                key={challenge.challenge_id}
                color="blue"
                title={t("Launched, but never answered")}
              >
                <A
                  to="/admin/challenges/$challengeId"
                  params={{ challengeId: challenge.challenge_id }}
                >
                  {challenge.name}
                </A>{" "}
                {t("{n} launch|{n} launches", { n: challenge.launches ?? 0 })}
              </Flag>
            ))}
            {!stuck_starting.length &&
              !recent_errors.length &&
              !unhealthy_nodes.length &&
              !silent_challenges.length && (
                <Alert color="green">{t("Nothing needs your attention.")}</Alert>
              )}
          </Stack>
        )}
      </Loaded>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Series metric="launches" title={t("Launches, last 24 hours")} />
        <Series metric="submissions" title={t("Submissions, last 24 hours")} />
        <Series metric="solves" title={t("Solves, last 24 hours")} />
        <Series metric="active_users" title={t("Active users, last 24 hours")} />
      </SimpleGrid>
      <Wire />
    </Page>
  );
}

/** Leads from an empty platform to a running competition. */
function FirstSteps() {
  const nodes = api.useQuery("get", "/api/v1/nodes").data;
  const stats = api.useQuery("get", "/api/v1/admin/challenges/stats", {
    params: { query: { limit: 1 } },
  }).data;
  const competitions = api.useQuery("get", "/api/v1/admin/competitions", {
    params: { query: { limit: 50 } },
  }).data;
  if (!nodes || !stats || !competitions) return null;
  const published = competitions.items.some(({ status }) => status === "published");
  const steps = [nodes.items.some((node) => node.is_healthy), stats.total > 0, published];
  const active = steps.indexOf(false);
  if (active === -1) return null;
  return (
    <Card component="section" aria-label={t("First steps")}>
      <Title order={2} size="h4" mb="md">
        {t("Three steps to a running competition")}
      </Title>
      <Stepper active={active} orientation="vertical" size="sm">
        <Stepper.Step label={t("A node joins")} description={t("It runs the instances.")} />
        <Stepper.Step
          label={t("Challenges are there")}
          description={t("Folders in the challenges directory; rescan after a change.")}
        />
        <Stepper.Step
          label={t("A competition is published")}
          description={t("Choose challenges, set times, publish.")}
        />
      </Stepper>
      <Group mt="md">
        {active === 0 && <ButtonLink to="/admin/nodes">{t("Invite a node")}</ButtonLink>}
        {active === 1 && (
          <ButtonLink to="/admin/challenges">{t("Rescan the challenges")}</ButtonLink>
        )}
        {active === 2 && (
          <ButtonLink to="/admin/competitions/new">{t("Create a competition")}</ButtonLink>
        )}
      </Group>
    </Card>
  );
}

function Counts({ counts: c }: { counts: AdminOverview }) {
  const tiles: [string, string, string?][] = [
    [
      t("Instances running"),
      `${number(c.running_instances ?? 0)} / ${number(c.capacity ?? 0)}`,
      "/admin/instances",
    ],
    [t("In the queue"), number(c.queued_instances ?? 0), "/admin/instances"],
    [t("Nodes healthy"), `${c.nodes.healthy ?? 0} / ${c.nodes.total ?? 0}`, "/admin/nodes"],
    [
      t("Users active, 24 hours"),
      `${number(c.users_active_24h ?? 0)} / ${number(c.users_total ?? 0)}`,
      "/admin/users",
    ],
    [t("Teams"), number(c.teams_total ?? 0)],
    [t("Solves today"), `${number(c.solves_today ?? 0)} / ${number(c.solves_total ?? 0)}`],
    [t("Open incidents"), number(c.open_incidents ?? 0), "/admin/incidents"],
    [t("Tasks running"), number(c.running_tasks ?? 0), "/admin/tasks"],
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }}>
      {tiles.map(([name, value, to]) => (
        <Card key={name} p="sm" className={to ? "tile" : undefined}>
          <Text size="xl" fw={700} className="digits">
            {value}
          </Text>
          <Text size="sm" c="dimmed">
            {to ? (
              <A to={to as "/admin"} className="cover" c="inherit">
                {name}
              </A>
            ) : (
              name
            )}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}

function Flag({ color, title, children }: { color: string; title: string; children: ReactNode }) {
  return (
    <Alert color={color} title={title} py="xs" className="wrap">
      {children}
    </Alert>
  );
}

type Metric = "launches" | "submissions" | "solves" | "active_users";

function Series({ metric, title }: { metric: Metric; title: string }) {
  const query = api.useQuery("get", "/api/v1/admin/timeseries", {
    params: { query: { metric, window: 86_400, bucket: 3600 } },
  });
  return (
    <Card>
      <Title order={2} size="h6" mb="xs">
        {title}
      </Title>
      <Loaded query={query} height={96}>
        {({ buckets }) => (
          <Bars label={title} bars={buckets.map(({ ts = 0, value = 0 }) => ({ at: ts, value }))} />
        )}
      </Loaded>
    </Card>
  );
}

function Wire() {
  const query = api.useQuery("get", "/api/v1/admin/traffic/summary");
  const busiest = query.data?.instances.slice(0, 8) ?? [];
  if (!busiest.length) return null;
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Busiest instances: {n} request in all|Busiest instances: {n} requests in all", {
          n: query.data?.total_requests ?? 0,
        })}
      </Title>
      <Stack gap={4}>
        {busiest.map((row) => (
          <Group key={row.instance_id} justify="space-between" gap="xs">
            <A
              to={row.live ? "/admin/instances/$instanceId" : "/admin/records/$instanceId"}
              params={{ instanceId: row.instance_id }}
              size="sm"
              className="wrap"
            >
              {row.name} · {row.team_name}
            </A>
            <Text size="sm" className="digits">
              {number(row.request_count ?? 0)}
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
