import { Button, Card, Group, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { api, type CompetitionPerson } from "../api/client";
import { useMe } from "../api/me";
import { StateBadge } from "../components/badges";
import { answer } from "../components/Fields";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";
import { Download } from "./Download";

/** The teams that take part. */
export function Registrations({ competitionId }: { competitionId: string }) {
  const [{ offset = 0 }] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/registrations", {
    params: { path: { competition_id: competitionId }, query: { limit: PER_PAGE, offset } },
  });
  return (
    <Stack>
      <Group gap="xs">
        <Download competitionId={competitionId} table="standings" label={t("Standings")} />
        <Download competitionId={competitionId} table="people" label={t("People")} />
      </Group>
      <Listing
        label={t("Registrations")}
        query={query}
        id={(row) => row.team_id}
        empty={<Empty title={t("No team yet")} />}
        columns={[
          {
            title: t("Team"),
            cell: (row) => (
              <A to="/admin/teams/$teamId" params={{ teamId: row.team_id }} className="wrap">
                {row.team_name} {row.standing !== "ranked" && <StateBadge state={row.standing} />}
              </A>
            ),
          },
          { title: t("Members"), right: true, cell: (row) => row.members },
          { title: t("Solved"), right: true, cell: (row) => row.solved },
          { title: t("Registered"), wide: true, cell: (row) => <Ago at={row.registered_at} /> },
        ]}
      />
    </Stack>
  );
}

/** Who runs the competition, and who may take part in a private one. */
export function People({ competitionId }: { competitionId: string }) {
  const me = useMe().data!;
  const path = { competition_id: competitionId };
  const at = { params: { path, query: { limit: 500 } } };
  const admins = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/admins", at);
  const invites = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/invites", at);
  const grant = api.useMutation("post", "/api/v1/admin/competitions/{competition_id}/admins");
  const revoke = api.useMutation(
    "delete",
    "/api/v1/admin/competitions/{competition_id}/admins/{user_id}",
  );
  const invite = api.useMutation("post", "/api/v1/admin/competitions/{competition_id}/invites");
  const uninvite = api.useMutation(
    "delete",
    "/api/v1/admin/competitions/{competition_id}/invites/{user_id}",
  );
  return (
    <Stack>
      <Participants competitionId={competitionId} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Persons
          title={t("Administrators")}
          hint={t("They run this competition, and nothing else.")}
          query={admins}
          add={
            me.role === "super_admin"
              ? (email) => grant.mutate({ params: { path }, body: { email } })
              : undefined
          }
          remove={(user_id) => revoke.mutate({ params: { path: { ...path, user_id } } })}
        />
        <Persons
          title={t("Allow-list")}
          hint={t(
            "Who may take part when access is by invitation; also before they have an account.",
          )}
          query={invites}
          add={(email) => invite.mutate({ params: { path }, body: { email } })}
          remove={(user_id) => uninvite.mutate({ params: { path: { ...path, user_id } } })}
        />
      </SimpleGrid>
    </Stack>
  );
}

/** Everybody on a team, and what they answered to what the competition asks. */
function Participants({ competitionId }: { competitionId: string }) {
  const me = useMe().data!;
  const [{ offset = 0 }] = useFilters();
  const path = { competition_id: competitionId };
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/people", {
    params: { path, query: { limit: PER_PAGE, offset } },
  });
  const asked =
    api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/fields", {
      params: { path },
    }).data ?? [];
  return (
    <Listing
      label={t("Who takes part")}
      query={query}
      id={(row) => row.user_id}
      empty={<Empty title={t("Nobody yet.")} />}
      columns={[
        {
          title: t("Person"),
          cell: (row) => {
            const to = me.is_admin ? "/admin/users/$userId" : "/users/$userId";
            return (
              <A to={to} params={{ userId: row.user_id }} className="wrap">
                {row.display_name}
              </A>
            );
          },
        },
        {
          title: t("Team"),
          cell: (row) => (
            <A to="/admin/teams/$teamId" params={{ teamId: row.team_id }} className="wrap">
              {row.team_name}
            </A>
          ),
        },
        ...asked.map(({ name, label }) => ({
          key: `field ${name}`,
          title: label,
          cell: (row: CompetitionPerson) => (
            <span className="wrap">{answer(row.fields?.[name])}</span>
          ),
        })),
      ]}
    />
  );
}

interface Person {
  user_id: string;
  display_name?: string;
  email?: string;
}

function Persons({
  title,
  hint,
  query,
  add,
  remove,
}: {
  title: string;
  hint: string;
  query: { data?: { items: Person[] }; error: unknown; isLoading: boolean; refetch: () => unknown };
  add?: (email: string) => void;
  remove: (userId: string) => void;
}) {
  const [email, setEmail] = useState("");
  return (
    <Card>
      <Title order={2} size="h5">
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {hint}
      </Text>
      {add && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            add(email);
            setEmail("");
          }}
        >
          <Group align="flex-end" wrap="nowrap" mb="xs">
            <TextInput
              type="email"
              className="grow"
              label={t("E-mail")}
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              required
              withAsterisk={false}
            />
            <Button type="submit" variant="default">
              {t("Add")}
            </Button>
          </Group>
        </form>
      )}
      <Loaded query={{ ...query, data: query.data }} height={40}>
        {({ items }) => (
          <Stack gap={4}>
            {items.length === 0 && (
              <Text size="sm" c="dimmed">
                {t("Nobody yet.")}
              </Text>
            )}
            {items.map((person) => (
              <Group key={person.user_id || person.email} justify="space-between" gap="xs">
                <Text size="sm" className="wrap">
                  {[person.display_name, person.email].filter(Boolean).join(" · ")}
                </Text>
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() => remove(person.user_id || person.email || "")}
                >
                  {t("Remove")}
                </Button>
              </Group>
            ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  );
}
