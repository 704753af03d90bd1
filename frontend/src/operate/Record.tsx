import { Button, Card, Group, Stack, Tabs, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { api, http } from "../api/client";
import { StateBadge } from "../components/badges";
import { Fact, Facts } from "../components/Facts";
import { useFilters } from "../components/filters";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { PAGE, TrafficView } from "../components/Traffic";
import { asWords, bytes, duration, moment, t } from "../i18n";
import { Log } from "./Instance";

/** One ended instance: what happened, submissions, traffic, log, packets. */
export function Record() {
  const { instanceId } = useParams({ from: "/framed/admin/records/$instanceId" });
  const path = { instance_id: instanceId };
  const [{ tab = "events" }, change] = useFilters();
  const query = api.useQuery(
    "get",
    "/api/v1/admin/instance-records/{instance_id}",
    { params: { path } },
    // Whoever just stopped the instance is here before its end is written down.
    { retry: (count) => count < 12, retryDelay: 700 },
  );
  const base = `/api/v1/admin/instance-records/${instanceId}`;
  const record = query.data?.record;
  const artifacts = query.data?.artifacts;
  return (
    <Page
      title={record?.name || record?.challenge_id || t("Record")}
      kind={t("Record")}
      lead={<span className="mono">{instanceId}</span>}
      size="xl"
      actions={
        <>
          {Boolean(artifacts?.pcap_bytes) && (
            <Button component="a" href={`${base}/pcap`} download variant="default">
              {t("Packets ({size})", { size: bytes(artifacts!.pcap_bytes!) })}
            </Button>
          )}
          <Button component="a" href={`${base}/archive`} download variant="default">
            {t("Download all")}
          </Button>
        </>
      }
    >
      <Loaded query={query} height={140}>
        {({ record: found }) => (
          <Card>
            <Facts>
              <Fact name={t("State")}>
                <StateBadge state={found.status} /> {found.stop_reason} {found.error}
              </Fact>
              <Fact name={t("Team")}>{found.team_name || found.team_id}</Fact>
              <Fact name={t("Node")}>{found.node_id || "–"}</Fact>
              <Fact name={t("Ran")}>
                {moment(found.started_at)} – {moment(found.stopped_at)} (
                {duration(found.duration_s ?? 0)})
              </Fact>
              {found.error_detail && (
                <Fact name={t("Detail")}>
                  <span className="mono">{found.error_detail}</span>
                </Fact>
              )}
            </Facts>
          </Card>
        )}
      </Loaded>
      {query.data && (
        <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="events">{t("Events")}</Tabs.Tab>
            <Tabs.Tab value="submissions">{t("Submissions")}</Tabs.Tab>
            <Tabs.Tab value="traffic">{t("Traffic")}</Tabs.Tab>
            <Tabs.Tab value="log">{t("Log")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="events">
            <Rows of="events" instanceId={instanceId} />
          </Tabs.Panel>
          <Tabs.Panel value="submissions">
            <Rows of="submissions" instanceId={instanceId} />
          </Tabs.Panel>
          <Tabs.Panel value="traffic">
            <Card>
              <TrafficView
                id={`record ${instanceId}`}
                live={false}
                har={`${base}/har`}
                load={async (offset) =>
                  (
                    await http.GET("/api/v1/admin/instance-records/{instance_id}/traffic", {
                      params: { path, query: { limit: 1000, offset, max_bytes: PAGE } },
                    })
                  ).data as never
                }
              />
            </Card>
          </Tabs.Panel>
          <Tabs.Panel value="log">
            <Log url={`${base}/container-log`} live={false} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

function Rows({ of, instanceId }: { of: "events" | "submissions"; instanceId: string }) {
  const query = api.useQuery("get", `/api/v1/admin/instance-records/{instance_id}/${of}`, {
    params: { path: { instance_id: instanceId }, query: { limit: 500 } },
  });
  return (
    <Loaded query={query} height={120}>
      {({ items }) =>
        items.length ? (
          <Card>
            <Stack gap={6}>
              {(items as { [name: string]: unknown }[]).map((row, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the rows of an archive never change
                <Group key={place} gap="xs" wrap="nowrap" align="flex-start">
                  <Text size="xs" c="dimmed" miw="9rem" className="digits">
                    {moment((row.timestamp ?? row.submitted_at ?? row.at) as string)}
                  </Text>
                  <Text size="sm" className="wrap">
                    {of === "events"
                      ? asWords(String(row.event ?? row.name ?? ""))
                      : `${row.correct ? "✓" : "✗"} ${row.claimed_flag ?? row.answer ?? ""}`}
                  </Text>
                </Group>
              ))}
            </Stack>
          </Card>
        ) : (
          <Empty title={t("Nothing was recorded")} />
        )
      }
    </Loaded>
  );
}
