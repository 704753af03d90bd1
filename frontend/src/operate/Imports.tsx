import {
  Alert,
  Button,
  Card,
  Code,
  FileButton,
  Group,
  NativeSelect,
  Stack,
  Text,
} from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { api, refusal } from "../api/client";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** Files of people: one is chosen here, and those of the last week are listed. */
export function Imports() {
  const [{ offset = 0 }] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/people-imports", {
    params: { query: { limit: PER_PAGE, offset } },
  });
  return (
    <Page title={t("People from files")} size="xl">
      <ChooseFile />
      <Listing
        label={t("Files of the last week")}
        query={query}
        id={(row) => row.id}
        empty={<Empty title={t("No file yet")} />}
        columns={[
          {
            title: t("Sent"),
            cell: (row) => (
              <A to="/admin/imports/$importId" params={{ importId: row.id }}>
                <Ago at={row.created_at} />
              </A>
            ),
          },
          { title: t("To be made"), right: true, cell: (row) => row.to_create },
          { title: t("Accounts made"), right: true, cell: (row) => row.created },
          { title: t("There already"), right: true, wide: true, cell: (row) => row.existing },
          { title: t("Refused"), right: true, cell: (row) => row.refused },
        ]}
      />
    </Page>
  );
}

/** Sends a file to be looked at; nothing is made by that. */
function ChooseFile() {
  const navigate = useNavigate();
  const [competition, setCompetition] = useState("");
  const [busy, setBusy] = useState(false);
  const again = useRef<() => void>(null); // the same file may be chosen twice
  const [refused, setRefused] = useState("");
  const competitions = api.useQuery("get", "/api/v1/admin/competitions", {
    params: { query: { limit: 500 } },
  });
  const send = async (file: File | null) => {
    if (!file) return;
    setBusy(true);
    setRefused("");
    try {
      const response = await fetch(
        `/api/v1/admin/people-imports?competition_id=${encodeURIComponent(competition)}`,
        { method: "POST", body: file, headers: { "Content-Type": "text/csv" } },
      );
      if (!response.ok) throw await refusal(response);
      const { id } = await response.json();
      await navigate({ to: "/admin/imports/$importId", params: { importId: id } });
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card>
      <Stack gap="xs">
        <Text size="sm">
          {t(
            "A CSV file, as spreadsheets save it; its first line names the columns, in any order:",
          )}{" "}
          <Code className="wrap">name, email, password, team, bracket, competition</Code>
        </Text>
        <Text size="sm" c="dimmed">
          {t("Only email is needed. You see what each row comes to before anything is made.")}
        </Text>
        <Group align="flex-end">
          <NativeSelect
            label={t("Competition of rows that name none")}
            value={competition}
            onChange={(event) => setCompetition(event.currentTarget.value)}
            data={[
              { value: "", label: t("none") },
              ...(competitions.data?.items ?? []).map(({ id, title }) => ({
                value: id,
                label: title,
              })),
            ]}
          />
          <FileButton
            resetRef={again}
            onChange={(file) => {
              void send(file);
              again.current?.();
            }}
            accept=".csv,.tsv,.txt,text/csv"
          >
            {(props) => (
              <Button {...props} loading={busy}>
                {t("Choose a file")}
              </Button>
            )}
          </FileButton>
        </Group>
        {refused && (
          <Alert color="red" role="alert" title={t("The file was not taken")} className="wrap">
            {refused}
          </Alert>
        )}
      </Stack>
    </Card>
  );
}
