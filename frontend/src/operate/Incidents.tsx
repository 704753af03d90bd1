import { Button, Card, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, type IncidentInfo } from "../api/client";
import { StateBadge } from "../components/badges";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { type Message, t } from "../i18n";

const KINDS = {
  shared_answer: "An answer of another team",
  wrong_burst: "A burst of wrong answers",
  shared_address: "One address behind many teams",
} as const satisfies Record<string, Message>;

/** Incidents: what looks like cheating, with its evidence. */
export function Incidents() {
  const [{ status = "open", kind }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/incidents", {
    params: {
      query: {
        status: (status === "all" ? undefined : status) as "open" | undefined,
        kind: (kind || undefined) as "shared_answer" | undefined,
        limit: 200,
      },
    },
  });
  return (
    <Page title={t("Incidents")} size="xl">
      <Group gap="xs">
        <FilterSelect
          label={t("Status")}
          all={t("open")}
          value={status === "open" ? "" : status}
          change={(next) => change({ status: next })}
          options={{
            acknowledged: t("acknowledged"),
            dismissed: t("dismissed"),
            all: t("Every status"),
          }}
        />
        <FilterSelect
          label={t("Kind")}
          all={t("Every kind")}
          value={kind}
          change={(next) => change({ kind: next })}
          options={Object.fromEntries(Object.entries(KINDS).map(([name, word]) => [name, t(word)]))}
        />
      </Group>
      <Loaded query={query} height={200}>
        {({ items }) =>
          items.length ? (
            <Stack gap="xs">
              {items.map((incident) => (
                <Incident key={incident.id} incident={incident} />
              ))}
            </Stack>
          ) : (
            <Card>
              <Empty title={t("No incident")}>{t("Nothing looks like cheating.")}</Empty>
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}

function Incident({ incident }: { incident: IncidentInfo }) {
  const [note, setNote] = useState(incident.note ?? "");
  const patch = api.useMutation("patch", "/api/v1/admin/incidents/{incident_id}");
  const settle = (status: "open" | "acknowledged" | "dismissed") =>
    patch.mutate({ params: { path: { incident_id: incident.id } }, body: { status, note } });
  const teams = [
    [incident.team_id, incident.team_name],
    [incident.other_team_id, incident.other_team_name],
  ].filter(([id]) => id);
  return (
    <Card component="article">
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <StateBadge state={incident.status} />
          <Text fw={600}>
            {t(KINDS[incident.kind as keyof typeof KINDS] ?? "An answer of another team")}
          </Text>
        </Group>
        <Text size="xs" c="dimmed">
          <Ago at={incident.created_at} />
        </Text>
      </Group>
      <Text size="sm" className="wrap" component="div">
        {incident.competition_title} · {incident.challenge_id}{" "}
        {teams.map(([id, name]) => (
          <span key={id}>
            {" · "}
            <A to="/admin/teams/$teamId" params={{ teamId: id ?? "" }}>
              {name}
            </A>
          </span>
        ))}
      </Text>
      <section className="mono" aria-label={t("Evidence")}>
        {JSON.stringify(incident.evidence, null, 1)}
      </section>
      <Group align="flex-end" gap="xs" mt="xs">
        <TextInput
          className="grow"
          size="xs"
          label={t("Note")}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {incident.status !== "acknowledged" && (
          <Button size="xs" variant="default" onClick={() => settle("acknowledged")}>
            {t("Acknowledge")}
          </Button>
        )}
        {incident.status !== "dismissed" && (
          <Button size="xs" variant="default" onClick={() => settle("dismissed")}>
            {t("Dismiss")}
          </Button>
        )}
        {incident.status !== "open" && (
          <Button size="xs" variant="default" onClick={() => settle("open")}>
            {t("Open again")}
          </Button>
        )}
      </Group>
    </Card>
  );
}
