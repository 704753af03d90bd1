import { Button, Card, Group, Progress, Radio, Stack, Text } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api, type PeopleImportInfo } from "../api/client";
import { FilterSelect } from "../components/Choice";
import { Confirm } from "../components/Confirm";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { type Message, t } from "../i18n";

const OUTCOMES = {
  create: "to be made",
  created: "made",
  exists: "there already",
  refused: "refused",
} as const satisfies Record<string, Message>;

/** Why a row is refused, by the API's word for it; `{detail}` is what of. */
const REASONS: Record<string, Message> = {
  row_too_long: "more cells than columns, or too long",
  email_missing: "no e-mail address",
  email_invalid: "no valid e-mail address",
  email_twice: "the same address as in line {detail}",
  name_invalid: "the name holds what cannot be seen",
  name_too_long: "the name has more than {detail} characters",
  name_looks_like: "the name looks like {detail}, in other letters",
  password_length: "the password has not {detail} characters",
  password_weak: "the password is too easy to guess",
  competition_missing: "a team, and no competition",
  competition_unknown: "no such competition: {detail}",
  competition_ambiguous: "several competitions are called {detail}: give its id",
  competition_over: "the competition is over: {detail}",
  bracket_unknown: "no such bracket; there are: {detail}",
  bracket_differs: "the team is in the bracket {detail}",
  team_name_invalid: "the team's name holds what cannot be seen",
  team_name_too_long: "the team's name has more than {detail} characters",
  team_name_looks_like: "the team's name looks like {detail}, in other letters",
  team_full: "the team is full: {detail} at most",
};

const counts = ({ to_create, created, existing, refused }: PeopleImportInfo): string =>
  [
    to_create ? t("{n} to be made", { n: to_create }) : "",
    created ? t("{n} made", { n: created }) : "",
    existing ? t("{n} there already", { n: existing }) : "",
    refused ? t("{n} refused", { n: refused }) : "",
  ]
    .filter(Boolean)
    .join(" · ");

/** What each row of a file comes to, and the button that makes the accounts. */
export function Import() {
  const { importId } = useParams({ from: "/framed/admin/imports/$importId" });
  const [{ status = "", offset = 0 }, change] = useFilters();
  const navigate = useNavigate();
  const path = { import_id: importId };
  const query = api.useQuery("get", "/api/v1/admin/people-imports/{import_id}", {
    params: { path },
  });
  const rows = api.useQuery("get", "/api/v1/admin/people-imports/{import_id}/rows", {
    params: { path, query: { outcome: status as "", limit: PER_PAGE, offset } },
  });
  const forget = api.useMutation("delete", "/api/v1/admin/people-imports/{import_id}", {
    onSuccess: () => navigate({ to: "/admin/imports" }),
  });
  const again = () => Promise.all([query.refetch(), rows.refetch()]);
  return (
    <Page
      title={t("People from a file")}
      size="xl"
      lead={query.data && counts(query.data)}
      actions={
        <>
          {!!query.data?.created && (
            <ButtonLink to="/admin/imports/$importId/cards" params={{ importId }}>
              {t("Cards to print")}
            </ButtonLink>
          )}
          <Confirm
            label={t("Forget")}
            question={t("Forget this file?")}
            act={() => forget.mutate({ params: { path } })}
          >
            {t("The accounts that were made stay.")}
          </Confirm>
        </>
      }
    >
      <Loaded query={query} height={120}>
        {(found) => (
          <Card>
            <Stack gap="xs">
              <Text size="sm" c="dimmed" className="wrap">
                {t("Read as {encoding}, cells apart by {delimiter}.", {
                  encoding: found.encoding ?? "",
                  delimiter: found.delimiter ?? "",
                })}{" "}
                {found.encoding === "Windows-1252" &&
                  t("It is not UTF-8: look whether names with accents are right.")}{" "}
                {!!found.ignored_columns?.length &&
                  t("Left out: {columns}", { columns: found.ignored_columns.join(", ") })}
              </Text>
              {found.task_id && <Applying taskId={found.task_id} done={again} />}
              {!!found.to_create && <Apply file={found} started={again} />}
            </Stack>
          </Card>
        )}
      </Loaded>
      <Group>
        <FilterSelect
          label={t("Outcome")}
          all={t("Every row")}
          value={status}
          change={(next) => change({ status: next })}
          options={Object.fromEntries(
            Object.entries(OUTCOMES).map(([key, word]) => [key, t(word)]),
          )}
        />
      </Group>
      <Listing
        label={t("Rows")}
        query={rows}
        id={(row) => String(row.number)}
        empty={<Empty title={t("No such row")} />}
        columns={[
          { title: t("Line"), right: true, cell: (row) => row.number },
          {
            title: t("E-mail"),
            cell: (row) =>
              row.user_id ? (
                <A to="/admin/users/$userId" params={{ userId: row.user_id }} className="wrap">
                  {row.email}
                </A>
              ) : (
                <span className="wrap">{row.email}</span>
              ),
          },
          { title: t("Name"), wide: true, cell: (row) => <span className="wrap">{row.name}</span> },
          { title: t("Team"), wide: true, cell: (row) => <span className="wrap">{row.team}</span> },
          {
            title: t("Outcome"),
            cell: (row) => (
              <span className="wrap">
                {t(OUTCOMES[row.outcome])}
                {row.reason &&
                  `: ${t(REASONS[row.reason] ?? "refused", { detail: row.detail ?? "" })}`}
              </span>
            ),
          },
        ]}
      />
    </Page>
  );
}

/** How much of the file is wanted, and the button that has it made. */
function Apply({ file, started }: { file: PeopleImportInfo; started: () => unknown }) {
  const [wanted, setWanted] = useState(file.refused ? "right" : "all");
  const apply = api.useMutation("post", "/api/v1/admin/people-imports/{import_id}/apply", {
    onSuccess: started,
  });
  const send = (mail?: boolean) =>
    apply.mutate({
      params: { path: { import_id: file.id } },
      body: { rows: wanted as "all", mail: mail ?? null },
    });
  return (
    <>
      <Radio.Group label={t("Make")} value={wanted} onChange={setWanted}>
        <Group mt={4}>
          <Radio
            value="all"
            label={t("all rows, where none is refused")}
            disabled={!!file.refused}
          />
          <Radio value="right" label={t("the rows that are right")} />
        </Group>
      </Radio.Group>
      <Group>
        <Button loading={apply.isPending} onClick={() => send()}>
          {t("Make {n} account|Make {n} accounts", { n: file.to_create ?? 0 })}
        </Button>
        <Button variant="default" loading={apply.isPending} onClick={() => send(false)}>
          {t("The same, and mail nothing")}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {t("Links are mailed where the server sends mail; cards with links can be printed later.")}
      </Text>
    </>
  );
}

/** How far the task is that makes the accounts. */
function Applying({ taskId, done }: { taskId: string; done: () => unknown }) {
  const query = api.useQuery(
    "get",
    "/api/v1/admin/tasks/{task_id}",
    { params: { path: { task_id: taskId } } },
    {
      refetchInterval: (found) =>
        ["succeeded", "failed", "cancelled"].includes(found.state.data?.status ?? "") ? false : 700,
    },
  );
  const task = query.data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown follows the task's end
  useEffect(() => {
    if (task && !["pending", "running"].includes(task.status)) void done();
  }, [task?.status]);
  if (!task) return null;
  return (
    <Stack gap={4}>
      <Progress value={(task.progress ?? 0) * 100} aria-label={t("Progress")} />
      <Text size="sm" className="wrap">
        {task.error || task.progress_message}{" "}
        <A to="/admin/tasks/$taskId" params={{ taskId }}>
          {t("Task")}
        </A>
      </Text>
    </Stack>
  );
}
