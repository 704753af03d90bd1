import { Group, Progress } from "@mantine/core";
import { api } from "../api/client";
import { StateBadge } from "../components/badges";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty } from "../components/states";
import { Ago } from "../components/time";
import { asWords, t } from "../i18n";

/** Tasks: builds, pulls and scans, with the progress of each. */
export function Tasks() {
  const [{ status, offset = 0 }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/tasks", {
    params: { query: { status, limit: PER_PAGE, offset } },
  });
  return (
    <Page title={t("Tasks")} size="xl">
      <Group>
        <FilterSelect
          label={t("Status")}
          all={t("Every status")}
          value={status}
          change={(next) => change({ status: next })}
          options={{
            pending: t("pending"),
            running: t("running"),
            succeeded: t("succeeded"),
            failed: t("failed"),
            cancelled: t("cancelled"),
          }}
        />
      </Group>
      <Listing
        label={t("Tasks")}
        query={query}
        id={(row) => row.id ?? ""}
        empty={<Empty title={t("No task yet")}>{t("Builds, pulls and scans show up here.")}</Empty>}
        columns={[
          {
            title: t("Task"),
            cell: (row) => (
              <A to="/admin/tasks/$taskId" params={{ taskId: row.id ?? "" }}>
                {asWords(row.kind ?? "")}
              </A>
            ),
          },
          { title: t("State"), cell: (row) => <StateBadge state={row.status} /> },
          {
            title: t("Progress"),
            wide: true,
            cell: (row) => (
              <Progress value={(row.progress ?? 0) * 100} aria-label={t("Progress")} miw={80} />
            ),
          },
          { title: t("Message"), wide: true, cell: (row) => row.error || row.progress_message },
          { title: t("By"), wide: true, cell: (row) => row.created_by_name || t("the clock") },
          { title: t("When"), cell: (row) => <Ago at={row.created_at_ts} /> },
        ]}
      />
    </Page>
  );
}
