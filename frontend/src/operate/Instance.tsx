import {
  Alert,
  Button,
  Card,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Tabs,
  Text,
  Textarea,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { api, http, refusal, type ShellSessionResponse } from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { useMe } from "../api/me";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { Fact, Facts } from "../components/Facts";
import { useFilters } from "../components/filters";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { PAGE, TrafficView } from "../components/Traffic";
import { Ago } from "../components/time";
import { Verbatim } from "../components/Verbatim";
import { moment, t } from "../i18n";

const Terminal = lazyComponent(async () => (await import("../components/Terminal")).Terminal);

/** One instance from the inside: traffic, containers, log, packets, a shell. */
export function Instance() {
  const { instanceId } = useParams({ from: "/framed/admin/instances/$instanceId" });
  const path = { instance_id: instanceId };
  const [{ tab = "traffic" }, change] = useFilters();
  const query = api.useQuery(
    "get",
    "/api/v1/admin/instances/{instance_id}",
    { params: { path } },
    { refetchInterval: (found) => (found.state.data?.status === "starting" ? 2000 : false) },
  );
  const stop = api.useMutation("delete", "/api/v1/admin/instances/{instance_id}");
  const going = stop.isPending || stop.isSuccess;
  const alive = !going && ["starting", "ready"].includes(query.data?.status ?? "");
  return (
    <Page
      title={query.data?.name ?? t("Instance")}
      kind={t("Instance")}
      lead={<span className="mono">{instanceId}</span>}
      size="xl"
      actions={
        alive ? (
          <Confirm
            label={t("Stop")}
            question={t("Stop this instance?")}
            act={() => stop.mutate({ params: { path } })}
          >
            {t("Its team loses it at once; the record stays.")}
          </Confirm>
        ) : (
          query.data &&
          !stop.isPending && (
            <ButtonLink to="/admin/records/$instanceId" params={{ instanceId }} variant="default">
              {t("Record")}
            </ButtonLink>
          )
        )
      }
    >
      <Loaded query={query} height={160}>
        {(instance) => (
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Card>
              <Facts>
                <Fact name={t("State")}>
                  <StateBadge state={instance.status} /> {instance.error || instance.stop_reason}
                </Fact>
                <Fact name={t("Team")}>
                  {instance.team_id && (
                    <A to="/admin/teams/$teamId" params={{ teamId: instance.team_id }}>
                      {instance.team_id}
                    </A>
                  )}
                </Fact>
                <Fact name={t("Node")}>
                  {instance.node_id && (
                    <A to="/admin/nodes/$nodeId" params={{ nodeId: instance.node_id }}>
                      {instance.node_id}
                    </A>
                  )}
                </Fact>
                <Fact name={t("Started")}>{moment(instance.started_at)}</Fact>
                <Fact name={t("Ends")}>
                  <Ago at={instance.expires_at} />
                </Fact>
              </Facts>
            </Card>
            <Card>
              <Text fw={600} size="sm" mb={4}>
                {t("Services")}
              </Text>
              {instance.services.map((service) => (
                <Text key={service.port} className="mono">
                  {service.service_type}://{service.host}:{service.port}
                </Text>
              ))}
            </Card>
          </SimpleGrid>
        )}
      </Loaded>
      {alive && (
        <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="traffic">{t("Traffic")}</Tabs.Tab>
            <Tabs.Tab value="log">{t("Log")}</Tabs.Tab>
            <Tabs.Tab value="shell">{t("Containers and shell")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="traffic">
            <Card>
              <TrafficView
                id={instanceId}
                har={`/api/v1/admin/instances/${instanceId}/har`}
                load={async (offset) =>
                  (
                    await http.GET("/api/v1/admin/instances/{instance_id}/traffic", {
                      params: { path, query: { offset, max_bytes: PAGE } },
                    })
                  ).data as never
                }
              />
              <Group mt="sm">
                <Button
                  component="a"
                  size="xs"
                  variant="default"
                  href={`/api/v1/admin/instances/${instanceId}/pcap`}
                  download
                >
                  {t("Download the packets (pcap)")}
                </Button>
              </Group>
            </Card>
          </Tabs.Panel>
          <Tabs.Panel value="log">
            <Log url={`/api/v1/admin/instances/${instanceId}/container-log`} />
          </Tabs.Panel>
          <Tabs.Panel value="shell">
            <Shell instanceId={instanceId} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

/** A log as text, fetched again while it grows. */
export function Log({ url, live = true }: { url: string; live?: boolean }) {
  const query = useQuery({
    queryKey: ["log", url],
    queryFn: async () => {
      const response = await fetch(url);
      if (!response.ok) throw await refusal(response);
      return ((await response.json()) as { logs: string }).logs;
    },
    refetchInterval: live ? 3000 : false,
  });
  return (
    <Loaded query={query} height={200}>
      {(text) => <Verbatim label={t("Log")}>{text || t("Nothing was written.")}</Verbatim>}
    </Loaded>
  );
}

function Shell({ instanceId }: { instanceId: string }) {
  const me = useMe().data!;
  const path = { instance_id: instanceId };
  const meta = api.useQuery("get", "/api/v1/meta").data;
  const containers = api.useQuery("get", "/api/v1/admin/instances/{instance_id}/containers", {
    params: { path },
  });
  const [container, setContainer] = useState("");
  const [shell, setShell] = useState("sh");
  const [reason, setReason] = useState("");
  const [ticket, setTicket] = useState<ShellSessionResponse | null>(null);
  const open = api.useMutation("post", "/api/v1/admin/instances/{instance_id}/shell/sessions", {
    onSuccess: setTicket,
  });
  const names = containers.data?.map((each) => String((each as { name: unknown }).name)) ?? [];
  if (ticket)
    return (
      <Suspense>
        <Terminal ticket={ticket} ended={() => setTicket(null)} />
      </Suspense>
    );
  return (
    <Stack>
      <Card>
        <Title order={2} size="h5" mb="xs">
          {t("Containers")}
        </Title>
        <Loaded query={containers} height={40}>
          {(found) => (
            <Stack gap={4}>
              {(found as { name: string; service?: string; status?: string }[]).map((each) => (
                <Group key={each.name} gap="xs">
                  <Text className="mono">{each.name}</Text>
                  <StateBadge state={each.status} />
                </Group>
              ))}
            </Stack>
          )}
        </Loaded>
      </Card>
      {me.role !== "super_admin" ? null : !meta?.admin_shell_enabled ? (
        <Alert color="gray">
          {t("The shell is off. Set CTFY_ADMIN_SHELL_ENABLED=true on the server to allow it.")}
        </Alert>
      ) : (
        <Card>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              open.mutate({
                params: { path },
                body: { container: container || names[0] || "", shell, reason },
              });
            }}
          >
            <Stack gap="sm">
              <Title order={2} size="h5">
                {t("Open a shell")}
              </Title>
              <Group grow>
                <NativeSelect
                  label={t("Container")}
                  value={container || names[0]}
                  onChange={(event) => setContainer(event.currentTarget.value)}
                  data={names}
                />
                <NativeSelect
                  label={t("Shell")}
                  value={shell}
                  onChange={(event) => setShell(event.currentTarget.value)}
                  data={["sh", "bash", "ash", "zsh"]}
                />
              </Group>
              <Textarea
                label={t("Reason")}
                description={t("Kept with the recording; at least ten characters.")}
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
                minLength={10}
                required
                withAsterisk={false}
              />
              <Group>
                <Button type="submit" loading={open.isPending}>
                  {t("Open")}
                </Button>
              </Group>
            </Stack>
          </form>
        </Card>
      )}
    </Stack>
  );
}
