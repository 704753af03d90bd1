import { Alert, Anchor, Button, Card, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconDownload, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { api, http, type InstanceInfo, type ServiceEndpoint } from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { Copy } from "../components/Copy";
import { Countdown, useNow, useSecondsTo } from "../components/time";
import { duration, t } from "../i18n";

const Traffic = lazyComponent(async () => (await import("../components/Traffic")).Traffic);

/** A team's instance of a challenge: start, wait, use, renew, stop. */
export function InstancePanel({
  challengeId,
  competitionId,
  instance,
  over,
}: {
  challengeId: string;
  competitionId: string;
  instance?: InstanceInfo;
  over: boolean;
}) {
  const start = api.useMutation("post", "/api/v1/instances");
  const launch = () =>
    start.mutate({ body: { challenge_id: challengeId, competition_id: competitionId } });
  const status = instance?.status;
  return (
    <Card component="section" aria-label={t("Instance")}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("Instance")}
        </Title>
        {instance && <StateBadge state={status} />}
      </Group>
      {(!instance || status === "stopped" || status === "error") && (
        <Stack gap="xs">
          {status === "error" && (
            <Alert
              color="red"
              title={
                BROKE_DOWN.has(instance?.stop_reason ?? "")
                  ? t("It broke down")
                  : t("It failed to start")
              }
            >
              {instance?.error}
            </Alert>
          )}
          {status === "stopped" && instance?.stop_reason && (
            <Text size="sm" c="dimmed">
              {t("The last one has stopped: {reason}", { reason: instance.stop_reason })}
            </Text>
          )}
          <Text size="sm" c="dimmed">
            {t("Your team gets a private instance with answers of its own.")}
          </Text>
          <Button
            aria-keyshortcuts="s"
            leftSection={<IconPlayerPlay size={16} />}
            loading={start.isPending}
            onClick={launch}
            disabled={over}
          >
            {t("Start the instance")}
          </Button>
        </Stack>
      )}
      {status === "starting" && <Starting instance={instance!} />}
      {status === "ready" && <Ready instance={instance!} />}
    </Card>
  );
}

/** The reasons for the end of an instance that had been running. */
const BROKE_DOWN = new Set(["health_check_failed", "node_unhealthy"]);

/** What a launch waits for, by the name that the API gives it. */
const WAITS: Record<string, () => string> = {
  node: () => t("No node takes instances now."),
  labels: () => t("No node is made for this challenge."),
  memory: () => t("The nodes are short of memory or disk."),
  place: () => t("All nodes are full."),
};

function Starting({ instance }: { instance: InstanceInfo }) {
  const [since] = useState(Date.now);
  const now = useNow();
  const stop = api.useMutation("delete", "/api/v1/instances/{instance_id}");
  const place = instance.queue_position ?? 0;
  return (
    <Stack gap="xs" role="status" aria-live="polite">
      <Group gap="sm" wrap="nowrap">
        <Loader size="sm" />
        <Text size="sm">
          {place
            ? `${WAITS[instance.waiting_for ?? ""]?.() ?? ""} ${t("Your place in the queue: {place}", { place })}`
            : t("Starting…")}
        </Text>
        <Text size="sm" c="dimmed" className="digits" ml="auto">
          {duration((now - since) / 1000)}
        </Text>
      </Group>
      <Button
        variant="default"
        leftSection={<IconPlayerStop size={16} />}
        loading={stop.isPending}
        onClick={() => stop.mutate({ params: { path: { instance_id: instance.id } } })}
      >
        {t("Cancel")}
      </Button>
    </Stack>
  );
}

function Ready({ instance }: { instance: InstanceInfo }) {
  const renew = api.useMutation("post", "/api/v1/instances/{instance_id}/renew");
  const stop = api.useMutation("delete", "/api/v1/instances/{instance_id}");
  const left = useSecondsTo(instance.expires_at);
  const [traffic, setTraffic] = useState(false);
  return (
    <Stack gap="sm">
      {instance.services.map((service) => (
        <Service key={`${service.host}:${service.port}`} service={service} />
      ))}
      {instance.vpn_endpoint && (
        <Stack gap={4}>
          <Text size="sm" fw={600}>
            {t("VPN")}
          </Text>
          <Text size="sm" c="dimmed">
            {t("Connect with OpenVPN; the network behind it is yours alone.")}
          </Text>
          <Button
            component="a"
            href={`/api/v1/instances/${instance.id}/openvpn-config`}
            download
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            {t("Download the VPN profile")}
          </Button>
          {instance.entry_urls.map((url) => (
            <Copy key={url} text={url} label={t("address")} />
          ))}
        </Stack>
      )}
      <Group justify="space-between">
        <Text size="sm" c={left < 300 ? "orange" : "dimmed"}>
          {t("Time left")} <Countdown to={instance.expires_at} />
        </Text>
        <Button
          size="xs"
          variant="default"
          loading={renew.isPending}
          onClick={() => renew.mutate({ params: { path: { instance_id: instance.id } } })}
        >
          {t("Renew")}
        </Button>
      </Group>
      <Group grow>
        <Button variant="default" onClick={() => setTraffic(true)}>
          {t("Traffic")}
        </Button>
        <Confirm
          label={t("Stop")}
          question={t("Stop the instance?")}
          danger={false}
          leftSection={<IconPlayerStop size={16} />}
          loading={stop.isPending}
          act={() => stop.mutate({ params: { path: { instance_id: instance.id } } })}
        >
          {t("What you did on it is lost. You can start another one.")}
        </Confirm>
      </Group>
      {traffic && (
        <Suspense>
          <Traffic
            title={t("Traffic of this instance")}
            close={() => setTraffic(false)}
            load={async (offset) => {
              const { data } = await http.GET("/api/v1/instances/{instance_id}/traffic", {
                params: {
                  path: { instance_id: instance.id },
                  query: { offset, max_bytes: 4 * 1024 * 1024 },
                },
              });
              return data as never;
            }}
            id={`own ${instance.id}`}
            har={`/api/v1/instances/${instance.id}/har`}
          />
        </Suspense>
      )}
    </Stack>
  );
}

function Service({ service }: { service: ServiceEndpoint }) {
  const { service_type: type, host, port, path, credentials, label } = service;
  const address = host.includes(":") ? `[${host}]` : host;
  const web = type === "http" || type === "https";
  const url = `${type}://${address}:${port}${web ? (path ?? "/") : ""}`;
  const command =
    type === "ssh"
      ? `ssh -p ${port} ${credentials?.username ?? "user"}@${host}`
      : type === "tcp"
        ? `nc ${host} ${port}`
        : "";
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        {label || type}
      </Text>
      {web && (
        <Anchor href={url} target="_blank" rel="noopener noreferrer" size="sm" className="wrap">
          {t("Open in the browser")}
        </Anchor>
      )}
      <Copy text={web ? url : command} label={web ? t("address") : t("command")} />
      {credentials && (
        <>
          <Copy text={credentials.username} label={t("user name")} />
          {credentials.password && <Copy text={credentials.password} label={t("password")} />}
        </>
      )}
    </Stack>
  );
}
