import { Avatar, Group } from "@mantine/core";
import { api } from "../api/client";
import { StateBadge } from "../components/badges";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Search } from "../components/Search";
import { Empty } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";
import { NewAccount } from "./Accounts";
import { ROLES } from "./roles";

/** Everybody with an account. */
export function Users() {
  const [{ q = "", role, status, offset = 0 }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/users", {
    params: {
      query: {
        q,
        role: (role || undefined) as "user" | undefined,
        standing: (status || "") as "" | "active",
        limit: PER_PAGE,
        offset,
      },
    },
  });
  return (
    <Page
      title={t("Users")}
      size="xl"
      actions={
        <>
          <ButtonLink to="/admin/imports" variant="default">
            {t("From a file")}
          </ButtonLink>
          <NewAccount />
        </>
      }
    >
      <Group gap="xs">
        <Search label={t("Find by name or e-mail")} />
        <FilterSelect
          label={t("Role")}
          all={t("Every role")}
          value={role}
          change={(next) => change({ role: next })}
          options={{ user: t("user"), admin: t("admin"), super_admin: t("super admin") }}
        />
        <FilterSelect
          label={t("Standing")}
          all={t("Active and suspended")}
          value={status}
          change={(next) => change({ status: next })}
          options={{ active: t("active"), suspended: t("suspended") }}
        />
      </Group>
      <Listing
        label={t("Users")}
        query={query}
        id={(row) => row.id}
        empty={<Empty title={t("Nobody matches")} />}
        columns={[
          {
            title: t("Name"),
            cell: (row) => (
              <Group gap="xs" wrap="nowrap">
                <Avatar src={row.avatar_url || null} name={row.display_name} size={24} />
                <A to="/admin/users/$userId" params={{ userId: row.id }} className="wrap">
                  {row.display_name}
                </A>
              </Group>
            ),
          },
          { title: t("E-mail"), cell: (row) => <span className="wrap">{row.email}</span> },
          { title: t("Role"), wide: true, cell: (row) => t(ROLES[row.role ?? "user"]) },
          {
            title: t("Standing"),
            wide: true,
            cell: (row) => <StateBadge state={row.suspended_at ? "suspended" : "active"} />,
          },
          { title: t("Solves"), right: true, wide: true, cell: (row) => row.solves },
          { title: t("Active"), wide: true, cell: (row) => <Ago at={row.last_active_at} /> },
        ]}
      />
    </Page>
  );
}
