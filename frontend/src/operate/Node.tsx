import { Button, Card, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, type NodeInfo } from "../api/client";
import { Bars } from "../components/Bars";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Sentence } from "../components/Sentence";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { t } from "../i18n";
import { nodeState } from "./Nodes";

/** One node: health over time, events, labels, drain and removal. */
export function Node() {
  const { nodeId } = useParams({ from: "/framed/admin/nodes/$nodeId" });
  const path = { node_id: nodeId };
  const navigate = useNavigate();
  const query = api.useQuery("get", "/api/v1/admin/nodes/{node_id}", { params: { path } });
  const health = api.useQuery("get", "/api/v1/admin/nodes/{node_id}/health-history", {
    params: { path, query: { limit: 120 } },
  });
  const events = api.useQuery("get", "/api/v1/admin/nodes/{node_id}/events", { params: { path } });
  const patch = api.useMutation("patch", "/api/v1/admin/nodes/{node_id}");
  const remove = api.useMutation("delete", "/api/v1/nodes/{node_id}", {
    onSuccess: () => navigate({ to: "/admin/nodes" }),
  });
  const node = query.data;
  const samples = [...(health.data?.items ?? [])].reverse();
  return (
    <Page
      title={node?.display_name || t("Node")}
      kind={t("Node")}
      lead={node && <StateBadge state={nodeState(node)} />}
      size="xl"
      actions={
        node && (
          <>
            <A to="/admin/instances" search={{ node: nodeId }} size="sm">
              {t("{n} instance|{n} instances", { n: node.running ?? 0 })}
            </A>
            <Button
              variant="default"
              loading={patch.isPending}
              onClick={() => patch.mutate({ params: { path }, body: { draining: !node.draining } })}
            >
              {node.draining ? t("Take new instances again") : t("Drain")}
            </Button>
            <Confirm
              label={t("Remove")}
              question={t("Remove {name}?", { name: node.display_name ?? "" })}
              act={() => remove.mutate({ params: { path } })}
            >
              {t("Instances that still run on it end. Drain it first to lose none.")}
            </Confirm>
          </>
        )
      }
    >
      <Loaded query={query}>{(found) => <Labels key={found.id} node={found} />}</Loaded>
      <Card>
        <Title order={2} size="h5" mb="xs">
          {t("Health")}
        </Title>
        <Loaded query={health} height={100}>
          {() => (
            <Group grow align="flex-start">
              <div>
                <Text size="sm">{t("CPU, percent")}</Text>
                <Bars
                  label={t("CPU, percent")}
                  bars={samples.map((s) => ({
                    at: s.ts ?? 0,
                    value: Math.round(s.cpu_percent ?? 0),
                  }))}
                />
              </div>
              <div>
                <Text size="sm">{t("Instances")}</Text>
                <Bars
                  label={t("Instances")}
                  bars={samples.map((s) => ({ at: s.ts ?? 0, value: s.running ?? 0 }))}
                />
              </div>
            </Group>
          )}
        </Loaded>
      </Card>
      <Card>
        <Title order={2} size="h5" mb="xs">
          {t("Events")}
        </Title>
        <Loaded query={events} height={100}>
          {(found) => (
            <Stack gap={4}>
              {found.map((event) => (
                <Group key={event.id} justify="space-between" gap="xs">
                  <Text size="sm" className="wrap">
                    <Sentence activity={event} operators />{" "}
                    {event.detail.error ?? event.detail.reason}
                  </Text>
                  <Text size="xs" c="dimmed">
                    <Ago at={event.timestamp} />
                  </Text>
                </Group>
              ))}
            </Stack>
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function Labels({ node }: { node: NodeInfo }) {
  const [name, setName] = useState(node.display_name ?? "");
  const [labels, setLabels] = useState(
    Object.entries(node.labels)
      .map((pair) => pair.join("="))
      .join(" "),
  );
  const patch = api.useMutation("patch", "/api/v1/admin/nodes/{node_id}", {
    onSuccess: () => notify(t("Saved")),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const pairs = labels
      .split(/\s+/)
      .filter(Boolean)
      .map((pair) => pair.split("=", 2));
    patch.mutate({
      params: { path: { node_id: node.id } },
      body: {
        display_name: name,
        labels: Object.fromEntries(pairs.map(([key, value]) => [key, value ?? ""])),
      },
    });
  };
  return (
    <Card>
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput
            label={t("Name")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            className="grow"
            label={t("Labels")}
            description={t("name=value, spaces between; challenges ask for them")}
            value={labels}
            onChange={(event) => setLabels(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={patch.isPending}>
            {t("Save")}
          </Button>
        </Group>
      </form>
    </Card>
  );
}
