import "../components/Search.css";
import { Card, Group, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { type Activity, api } from "../api/client";
import { EVENT_NAMES } from "../api/live";
import { Bars } from "../components/Bars";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { Page } from "../components/Page";
import { Sentence } from "../components/Sentence";
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
        {
          title: t("What"),
          cell: (row) => (
            <div className="wrap">
              <Sentence activity={row} operators />
              <Notes activity={row} />
            </div>
          ),
        },
      ]}
    />
  );
}

/** Why it happened, and what it changed. */
function Notes({ activity: { detail } }: { activity: Activity }) {
  const { before, after } = detail;
  const why = [detail.reason, detail.error, detail.error_message].filter(Boolean).join(" · ");
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return (
    <Text size="xs" c="dimmed" component="div">
      {why}
      {names.map((name) => (
        <div key={name}>
          {asWords(name)}: {plain(before?.[name])} → {plain(after?.[name])}
        </div>
      ))}
    </Text>
  );
}

function plain(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.map(plain).join(", ") || "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
