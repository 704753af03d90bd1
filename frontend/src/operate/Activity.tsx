import "../components/Search.css";
import { Card, Group, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { type Activity, api } from "../api/client";
import { EVENT_NAMES } from "../api/live";
import { Bars } from "../components/Bars";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { asWords, moment, t } from "../i18n";

/** The activity log: who did what, with values before and after. */
export function ActivityLog() {
  const [{ event = "" }, change] = useFilters();
  const settle = useDebouncedCallback((next: string) => change({ event: next }), 300);
  const series = api.useQuery("get", "/api/v1/admin/activities/timeseries");
  return (
    <Page title={t("Activity")} size="xl">
      <Card>
        <Loaded query={series} height={90}>
          {({ buckets }) => (
            <Bars
              label={t("Events, last 24 hours")}
              bars={buckets.map(({ ts = 0, counts }) => ({
                at: ts,
                value: Object.values(counts).reduce((sum, count) => sum + count, 0),
              }))}
            />
          )}
        </Loaded>
      </Card>
      <Group>
        <TextInput
          className="search"
          aria-label={t("Event")}
          placeholder={t("Event, such as flag_correct")}
          list="event-names"
          defaultValue={event}
          onChange={(changed) => settle(changed.currentTarget.value.trim())}
        />
        <datalist id="event-names">
          {EVENT_NAMES.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </Group>
      <ActivityTable query={{ event }} />
    </Page>
  );
}

/** The activity log as a table, filtered. */
export function ActivityTable({
  query,
}: {
  query: { event?: string; actor_id?: string; team_id?: string };
}) {
  const [{ offset = 0 }] = useFilters();
  const found = api.useQuery("get", "/api/v1/admin/activities", {
    params: { query: { ...query, limit: PER_PAGE, offset } },
  });
  return (
    <Listing
      label={t("Activity")}
      query={found}
      id={(row) => row.id ?? ""}
      empty={<Empty title={t("Nothing has happened yet.")} />}
      columns={[
        {
          title: t("When"),
          cell: (row) => <span className="nowrap">{moment(row.timestamp)}</span>,
        },
        { title: t("Event"), cell: (row) => asWords(row.event) },
        { title: t("Who"), cell: (row) => <span className="wrap">{row.actor_name || "–"}</span> },
        {
          title: t("Team"),
          wide: true,
          cell: (row) => <span className="wrap">{row.team_name}</span>,
        },
        {
          title: t("Detail"),
          wide: true,
          cell: (row) => <span className="mono">{detail(row)}</span>,
        },
      ]}
    />
  );
}

function detail({ challenge_id, detail }: Activity): string {
  const known = Object.entries(detail).filter(([, value]) => value !== null && value !== undefined);
  const words = known.map(
    ([name, value]) =>
      `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  return [challenge_id, ...words].filter(Boolean).join(" ");
}
