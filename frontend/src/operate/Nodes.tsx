import "../components/tile.css";
import {
  Alert,
  Badge,
  Button,
  Card,
  Code,
  Group,
  Progress,
  SimpleGrid,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { useState } from "react";
import { api, type NodeInfo } from "../api/client";
import { StateBadge } from "../components/badges";
import { Copy } from "../components/Copy";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** The fleet, and how a machine joins it. */
export function Nodes() {
  const nodes = api.useQuery(
    "get",
    "/api/v1/nodes",
    { params: { query: { limit: 500 } } },
    { refetchInterval: 10_000 },
  );
  const invites = api.useQuery("get", "/api/v1/nodes/invites");
  const [token, setToken] = useState("");
  const invite = api.useMutation("post", "/api/v1/nodes/invites", {
    onSuccess: (made) => setToken(made.registration_token),
  });
  const revoke = api.useMutation("delete", "/api/v1/nodes/invites/{invite_id}");
  const open =
    invites.data?.items.filter(({ status }) => status === "pending" || status === "active") ?? [];
  return (
    <Page
      title={t("Nodes")}
      size="xl"
      actions={
        <Button loading={invite.isPending} onClick={() => invite.mutate({ body: {} })}>
          {t("Invite a node")}
        </Button>
      }
    >
      {token && (
        <Alert color="green" title={t("Run this on the new machine; the token is shown this once")}>
          <Copy
            label={t("command")}
            text={`ctfy-admin node join ${window.location.origin} --token ${token}`}
          />
        </Alert>
      )}
      {open.length > 0 && (
        <Card>
          <Title order={2} size="h5" mb="xs">
            {t("Open invites")}
          </Title>
          {open.map((each) => (
            <Group key={each.id} justify="space-between">
              <Text size="sm">
                <Code>{each.id}</Code> {t("expires")} <Ago at={each.expires_at} />
              </Text>
              <Button
                size="compact-xs"
                variant="default"
                onClick={() => revoke.mutate({ params: { path: { invite_id: each.id } } })}
              >
                {t("Revoke")}
              </Button>
            </Group>
          ))}
        </Card>
      )}
      <Loaded query={nodes} height={200}>
        {({ items }) =>
          items.length ? (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {items.map((node) => (
                <NodeCard key={node.id} node={node} />
              ))}
            </SimpleGrid>
          ) : (
            <Card>
              <Empty title={t("No node yet")}>
                {t("Instances run on nodes: invite one, and run the command it shows.")}
              </Empty>
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}

/** A node's state, as StateBadge names it. */
export const nodeState = (node: NodeInfo) =>
  node.draining ? "draining" : node.is_healthy ? "healthy" : "unhealthy";

function NodeCard({ node }: { node: NodeInfo }) {
  return (
    <Card className="tile">
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <A
          to="/admin/nodes/$nodeId"
          params={{ nodeId: node.id }}
          className="cover wrap"
          fw={600}
          c="inherit"
        >
          {node.display_name || node.id}
        </A>
        <StateBadge state={nodeState(node)} />
      </Group>
      <Stack gap={6}>
        <Meter name={t("Instances")} value={node.running ?? 0} most={node.capacity ?? 0} />
        <Meter name={t("CPU")} value={node.cpu_percent ?? 0} most={100} unit="%" />
        <Meter name={t("Memory")} value={node.memory_percent ?? 0} most={100} unit="%" />
        <Meter name={t("Disk")} value={node.disk_percent ?? 0} most={100} unit="%" />
      </Stack>
      <Group gap={4} mt="xs">
        {Object.entries(node.labels).map(([name, value]) => (
          <Badge key={name} variant="light" color="gray" radius="sm" tt="none">
            {name}={value}
          </Badge>
        ))}
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        {t("heard of")} <Ago at={node.last_heartbeat} />
      </Text>
    </Card>
  );
}

function Meter({
  name,
  value,
  most,
  unit = "",
}: {
  name: string;
  value: number;
  most: number;
  unit?: string;
}) {
  const share = most ? (100 * value) / most : 0;
  return (
    <div>
      <Group justify="space-between">
        <Text size="xs">{name}</Text>
        <Text size="xs" c="dimmed" className="digits">
          {Math.round(value)}
          {unit || ` / ${most}`}
        </Text>
      </Group>
      <Progress value={share} size="sm" color={share > 90 ? "red" : "brand"} aria-label={name} />
    </div>
  );
}
