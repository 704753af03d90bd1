import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { ApiError, api, type CompetitionInfo } from "../api/client";
import { Confirm } from "../components/Confirm";
import { ButtonLink } from "../components/links";
import { t } from "../i18n";

/** What can be done with a whole competition: duplicate, export, archive, delete. */
export function CompetitionActions({ competition }: { competition: CompetitionInfo }) {
  const { id, title } = competition;
  const navigate = useNavigate();
  const params = { path: { competition_id: id } };
  const clone = api.useMutation("post", "/api/v1/admin/competitions/{competition_id}/clone", {
    onSuccess: (made) => navigate({ to: `/admin/competitions/${made.id}` as string }),
  });
  const update = api.useMutation("patch", "/api/v1/admin/competitions/{competition_id}");
  const remove = api.useMutation("delete", "/api/v1/admin/competitions/{competition_id}", {
    meta: { quiet: true },
    onSuccess: () => navigate({ to: "/admin/competitions" }),
  });
  const hasSolves =
    remove.error instanceof ApiError && remove.error.code === "competition_has_solves";
  return (
    <>
      <ButtonLink
        to="/competitions/$competitionId"
        params={{ competitionId: id }}
        variant="default"
        size="xs"
      >
        {t("Open")}
      </ButtonLink>
      <ButtonLink
        to="/wall/$competitionId"
        params={{ competitionId: id }}
        variant="default"
        size="xs"
      >
        {t("Wall")}
      </ButtonLink>
      <Button
        size="xs"
        variant="default"
        onClick={() => clone.mutate({ params, body: { title: t("Copy of {title}", { title }) } })}
      >
        {t("Duplicate")}
      </Button>
      <Button
        component="a"
        size="xs"
        variant="default"
        href={`/api/v1/admin/competitions/${id}/export`}
        download
      >
        {t("Export")}
      </Button>
      <Button
        component="a"
        size="xs"
        variant="default"
        href={`/api/v1/competitions/${id}/ctftime`}
        target="_blank"
        title={t("The standings as CTFtime reads them: give it this address")}
      >
        {t("CTFtime feed")}
      </Button>
      {competition.status !== "archived" && (
        <Button
          size="xs"
          variant="default"
          onClick={() => update.mutate({ params, body: { status: "archived" } })}
        >
          {t("Archive")}
        </Button>
      )}
      <Confirm
        size="xs"
        label={hasSolves ? t("Delete with its solves") : t("Delete")}
        question={t("Delete {title}?", { title })}
        type={title}
        act={() => remove.mutate({ params: { ...params, query: { force: hasSolves } } })}
      >
        {hasSolves
          ? (remove.error as unknown as ApiError).message
          : t("Its teams go with it. One that has solves asks a second time.")}
      </Confirm>
    </>
  );
}
