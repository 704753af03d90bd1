import { Group } from "@mantine/core";
import { api } from "../api/client";
import { StateBadge } from "../components/badges";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty } from "../components/states";
import { Ago } from "../components/time";
import { duration, number, t } from "../i18n";

/** The records of instances that ended. */
export function Records() {
  const [{ status, team, challenge, node, offset = 0 }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/instance-records", {
    params: {
      query: {
        status,
        team_id: team,
        challenge_id: challenge,
        node_id: node,
        limit: PER_PAGE,
        offset,
      },
    },
  });
  return (
    <Page title={t("Records")} lead={t("What every instance did, kept after it ended")} size="xl">
      <Group gap="xs">
        <FilterSelect
          label={t("Status")}
          all={t("Every status")}
          value={status}
          change={(next) => change({ status: next })}
          options={{ stopped: t("stopped"), error: t("error") }}
        />
      </Group>
      <Listing
        label={t("Records")}
        query={query}
        id={(row) => row.id}
        empty={
          <Empty title={t("No record yet")}>
            {t("A record is written when an instance ends.")}
          </Empty>
        }
        columns={[
          {
            title: t("Challenge"),
            cell: (row) => (
              <A to="/admin/records/$instanceId" params={{ instanceId: row.id }}>
                {row.name || row.challenge_id}
              </A>
            ),
          },
          { title: t("Team"), cell: (row) => <span className="wrap">{row.team_name || "–"}</span> },
          { title: t("State"), cell: (row) => <StateBadge state={row.status} /> },
          { title: t("Solved"), wide: true, cell: (row) => (row.solved ? "✓" : "–") },
          { title: t("Attempts"), right: true, wide: true, cell: (row) => row.attempts },
          {
            title: t("Requests"),
            right: true,
            wide: true,
            cell: (row) => number(row.request_count ?? 0),
          },
          {
            title: t("Lasted"),
            right: true,
            wide: true,
            cell: (row) => duration(row.duration_s ?? 0),
          },
          { title: t("Ended"), cell: (row) => <Ago at={row.stopped_at} /> },
        ]}
      />
    </Page>
  );
}
