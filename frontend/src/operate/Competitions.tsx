import { Button, FileButton, Group } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, refusal } from "../api/client";
import { useMe } from "../api/me";
import { refresh } from "../api/queries";
import { PhaseBadge, StateBadge } from "../components/badges";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Search } from "../components/Search";
import { Empty } from "../components/states";
import { notify, notifyFailure } from "../components/toasts";
import { moment, t } from "../i18n";

/** Every competition, drafts and archived ones too. */
export function Competitions() {
  const [{ q = "", status, offset = 0 }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/competitions", {
    params: {
      query: { q, status: (status || undefined) as "draft" | undefined, limit: PER_PAGE, offset },
    },
  });
  return (
    <Page
      title={t("Competitions")}
      size="xl"
      actions={
        <>
          <Import />
          <ButtonLink to="/admin/competitions/new">{t("Create a competition")}</ButtonLink>
        </>
      }
    >
      <Group gap="xs">
        <Search label={t("Find a competition")} />
        <FilterSelect
          label={t("Status")}
          all={t("Every status")}
          value={status}
          change={(next) => change({ status: next })}
          options={{ draft: t("draft"), published: t("published"), archived: t("archived") }}
        />
      </Group>
      <Listing
        label={t("Competitions")}
        query={query}
        id={(row) => row.id}
        empty={
          <Empty
            title={t("No competition yet")}
            action={<ButtonLink to="/admin/competitions/new">{t("Create one")}</ButtonLink>}
          >
            {t("Choose challenges, set times, publish.")}
          </Empty>
        }
        columns={[
          {
            title: t("Title"),
            cell: (row) => (
              <A
                to="/admin/competitions/$competitionId"
                params={{ competitionId: row.id }}
                className="wrap"
              >
                {row.title}
              </A>
            ),
          },
          { title: t("Status"), cell: (row) => <StateBadge state={row.status} /> },
          { title: t("Phase"), wide: true, cell: (row) => <PhaseBadge phase={row.phase ?? ""} /> },
          { title: t("Starts"), wide: true, cell: (row) => moment(row.starts_at) },
          { title: t("Ends"), wide: true, cell: (row) => moment(row.ends_at) },
          {
            title: t("Challenges"),
            right: true,
            wide: true,
            cell: (row) => row.challenge_ids.length,
          },
          { title: t("Teams"), right: true, cell: (row) => row.registered_count },
        ]}
      />
    </Page>
  );
}

/** A whole competition from a file that an export made. */
function Import() {
  const me = useMe().data;
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  if (me?.role !== "super_admin") return null;
  const send = async (file: File | null) => {
    if (!file) return;
    setBusy(true);
    try {
      const response = await fetch("/api/v1/admin/competitions/import", {
        method: "POST",
        body: file,
      });
      if (!response.ok) throw await refusal(response);
      const { competition_id, title } = await response.json();
      notify(t("Imported {title}", { title }));
      await refresh("/api/v1/admin/competitions");
      await navigate({ to: `/admin/competitions/${competition_id}` as string });
    } catch (error) {
      notifyFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <FileButton onChange={send}>
      {(props) => (
        <Button {...props} variant="default" loading={busy}>
          {t("Import")}
        </Button>
      )}
    </FileButton>
  );
}
