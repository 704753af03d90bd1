import { Group, Stack } from "@mantine/core";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { StateBadge } from "../components/badges";
import { FilterSelect } from "../components/Choice";
import { Confirm } from "../components/Confirm";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Search } from "../components/Search";
import { Empty } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { t } from "../i18n";

/** The instances that run, and those that ended lately. */
export function Instances() {
  const me = useMe().data!;
  const stopAll = api.useMutation("delete", "/api/v1/instances", {
    onSuccess: () => notify(t("All are being stopped")),
  });
  return (
    <Page
      title={t("Instances")}
      size="xl"
      actions={
        me.role === "super_admin" && (
          <Confirm
            label={t("Stop all")}
            question={t("Stop every instance?")}
            type="stop"
            act={() => stopAll.mutate({})}
          >
            {t("Every team loses what runs for it.")}
          </Confirm>
        )
      }
    >
      <InstanceTable />
    </Page>
  );
}

/** Instances, by what the address filters them by; those of one team alone with its id. */
export function InstanceTable({ teamId }: { teamId?: string }) {
  const [{ q = "", status, node, team, offset = 0 }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/instances", {
    params: {
      query: { q, status, node_id: node, team_id: teamId ?? team, limit: PER_PAGE, offset },
    },
  });
  return (
    <Stack>
      <Group gap="xs">
        <Search label={t("Find by challenge")} />
        <FilterSelect
          label={t("Status")}
          all={t("Every status")}
          value={status}
          change={(next) => change({ status: next })}
          options={{
            starting: t("starting"),
            ready: t("ready"),
            stopped: t("stopped"),
            error: t("error"),
          }}
        />
      </Group>
      <Listing
        label={t("Instances")}
        query={query}
        id={(row) => row.id}
        empty={
          <Empty title={t("No instance")}>{t("Instances show up as teams start them.")}</Empty>
        }
        columns={[
          {
            title: t("Challenge"),
            cell: (row) => (
              <A to="/admin/instances/$instanceId" params={{ instanceId: row.id }}>
                {row.name}
              </A>
            ),
          },
          {
            title: t("Team"),
            cell: (row) =>
              row.team_id ? (
                <A to="/admin/teams/$teamId" params={{ teamId: row.team_id }} className="mono">
                  {row.team_id}
                </A>
              ) : (
                "–"
              ),
          },
          { title: t("State"), cell: (row) => <StateBadge state={row.status} /> },
          { title: t("Node"), wide: true, cell: (row) => row.node_id || "–" },
          { title: t("Started"), wide: true, cell: (row) => <Ago at={row.started_at} /> },
          { title: t("Ends"), wide: true, cell: (row) => <Ago at={row.expires_at} /> },
          { title: t("Reason"), wide: true, cell: (row) => row.error || row.stop_reason },
        ]}
      />
    </Stack>
  );
}
