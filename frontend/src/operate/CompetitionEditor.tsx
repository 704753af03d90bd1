import {
  ActionIcon,
  Button,
  Card,
  Group,
  NativeSelect,
  NumberInput,
  SimpleGrid,
  Stack,
  Tabs,
  TagsInput,
  Text,
  Textarea,
  TextInput,
  Title,
  VisuallyHidden,
} from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconX } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ApiError, api, type CompetitionInfo, type CompetitionUpdate } from "../api/client";
import { useMe } from "../api/me";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Empty, Failure, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { told } from "../components/toasts";
import { t } from "../i18n";

type Draft = CompetitionUpdate & { title: string };

const NEW: Draft = {
  title: "",
  description: "",
  status: "published",
  access: "public",
  rank_by: "points",
  first_blood_bonus: 0,
  brackets: [],
  challenge_ids: [],
};

export function NewCompetition() {
  const navigate = useNavigate();
  const create = api.useMutation("post", "/api/v1/admin/competitions", {
    meta: { quiet: true },
    onSuccess: ({ id, title }) => {
      told(t("Created {title}", { title }));
      void navigate({ to: `/admin/competitions/${id}` as string });
    },
  });
  return (
    <Page title={t("Create a competition")} size="xl">
      <Editor
        start={NEW}
        label={t("Create")}
        busy={create.isPending}
        error={create.error}
        save={(draft) => create.mutate({ body: draft as never })}
      />
    </Page>
  );
}

export function EditCompetition() {
  const { competitionId } = useParams({ from: "/framed/admin/competitions/$competitionId" });
  const path = { competition_id: competitionId };
  const [{ tab = "settings" }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/competitions/{competition_id}", { params: { path } });
  const update = api.useMutation("patch", "/api/v1/admin/competitions/{competition_id}", {
    meta: { quiet: true },
    onSuccess: () => told(t("Saved")),
  });
  return (
    <Page
      title={query.data?.title ?? t("Competition")}
      lead={query.data && <StateBadge state={query.data.status} />}
      size="xl"
      actions={query.data && <Actions competition={query.data} />}
    >
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="settings">{t("Settings")}</Tabs.Tab>
          <Tabs.Tab value="teams">{t("Registrations")}</Tabs.Tab>
          <Tabs.Tab value="people">{t("People")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="settings">
          <Loaded query={query} height={500}>
            {(competition) => (
              <Editor
                key={competition.updated_at}
                start={competition as Draft}
                label={t("Save")}
                busy={update.isPending}
                error={update.error}
                save={(draft) => update.mutate({ params: { path }, body: draft })}
              />
            )}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="teams">
          <Registrations competitionId={competitionId} />
        </Tabs.Panel>
        <Tabs.Panel value="people">
          <People competitionId={competitionId} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Actions({ competition }: { competition: CompetitionInfo }) {
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
  const kept = remove.error instanceof ApiError && remove.error.code === "competition_has_solves";
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
      {competition.access === "public" && (
        <ButtonLink
          to="/wall/$competitionId"
          params={{ competitionId: id }}
          variant="default"
          size="xs"
        >
          {t("Wall")}
        </ButtonLink>
      )}
      <Button
        size="xs"
        variant="default"
        onClick={() => clone.mutate({ params, body: { title: t("Copy of {title}", { title }) } })}
      >
        {t("Clone")}
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
        label={kept ? t("Delete with its solves") : t("Delete")}
        question={t("Delete {title}?", { title })}
        type={title}
        act={() => remove.mutate({ params: { ...params, query: { force: kept } } })}
      >
        {kept
          ? (remove.error as unknown as ApiError).message
          : t("Its teams go with it. One that has solves asks a second time.")}
      </Confirm>
    </>
  );
}

const TIMES = [
  "starts_at",
  "ends_at",
  "registration_opens_at",
  "registration_closes_at",
  "freezes_at",
] as const;

/** A time for the browser's own field, in the operator's time zone. */
function local(at: string | null | undefined): string {
  if (!at) return "";
  const found = new Date(at);
  return new Date(found.getTime() - found.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Editor({
  start,
  label,
  busy,
  error,
  save,
}: {
  start: Draft;
  label: string;
  busy: boolean;
  error: unknown;
  save: (draft: Draft) => void;
}) {
  const [draft, setDraft] = useState(start);
  const set = (changed: Partial<Draft>) => setDraft({ ...draft, ...changed });
  const fields = error instanceof ApiError ? error.fields : {};
  const words = {
    starts_at: t("Starts"),
    ends_at: t("Ends"),
    registration_opens_at: t("Registration opens"),
    registration_closes_at: t("Registration closes"),
    freezes_at: t("Scoreboard freezes"),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { title, description, status, access, rank_by, first_blood_bonus, brackets } = draft;
    const times = Object.fromEntries(TIMES.map((name) => [name, draft[name] ?? null]));
    save({
      title,
      description,
      status,
      access,
      rank_by,
      first_blood_bonus,
      brackets,
      challenge_ids: draft.challenge_ids,
      max_team_size: draft.max_team_size ?? null,
      ...(draft.max_instances_per_team !== undefined && {
        max_instances_per_team: draft.max_instances_per_team,
      }),
      ...times,
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Card>
            <Stack gap="sm">
              <TextInput
                label={t("Title")}
                value={draft.title}
                onChange={(event) => set({ title: event.currentTarget.value })}
                required
                withAsterisk={false}
                error={fields.title}
              />
              <Textarea
                label={t("Description")}
                description={t("Markdown")}
                value={draft.description ?? ""}
                onChange={(event) => set({ description: event.currentTarget.value })}
                autosize
                minRows={4}
                error={fields.description}
              />
              <Group grow>
                <NativeSelect
                  label={t("Status")}
                  value={draft.status ?? "draft"}
                  onChange={(event) => set({ status: event.currentTarget.value as "draft" })}
                  data={[
                    { value: "draft", label: t("draft") },
                    { value: "published", label: t("published") },
                    { value: "archived", label: t("archived") },
                  ]}
                />
                <NativeSelect
                  label={t("Access")}
                  value={draft.access ?? "public"}
                  onChange={(event) => set({ access: event.currentTarget.value as "public" })}
                  data={[
                    { value: "public", label: t("public") },
                    { value: "private_listed", label: t("by invitation, listed") },
                    { value: "private_hidden", label: t("by invitation, hidden") },
                  ]}
                />
              </Group>
            </Stack>
          </Card>
          <Card>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              {TIMES.map((name) => (
                <TextInput
                  key={name}
                  type="datetime-local"
                  label={words[name]}
                  value={local(draft[name])}
                  onChange={(event) => {
                    const given = event.currentTarget.value;
                    set({ [name]: given ? new Date(given).toISOString() : null });
                  }}
                  error={fields[name]}
                />
              ))}
              <NativeSelect
                label={t("Ranked by")}
                value={draft.rank_by ?? "solved"}
                onChange={(event) => set({ rank_by: event.currentTarget.value as "solved" })}
                data={[
                  { value: "points", label: t("points") },
                  { value: "solved", label: t("challenges solved") },
                ]}
              />
              <NumberInput
                label={t("First blood bonus")}
                value={draft.first_blood_bonus ?? 0}
                onChange={(value) => set({ first_blood_bonus: Number(value) || 0 })}
                min={0}
                error={fields.first_blood_bonus}
              />
              <NumberInput
                label={t("Largest team")}
                placeholder={t("no limit")}
                value={draft.max_team_size ?? ""}
                onChange={(value) => set({ max_team_size: Number(value) || null })}
                min={1}
                error={fields.max_team_size}
              />
              <NumberInput
                label={t("Instances per team")}
                placeholder={t("the platform's")}
                value={draft.max_instances_per_team ?? ""}
                onChange={(value) => set({ max_instances_per_team: Number(value) || null })}
                min={1}
                error={fields.max_instances_per_team}
              />
              <TagsInput
                label={t("Brackets")}
                description={t("Such as students, open")}
                value={draft.brackets ?? []}
                onChange={(brackets) => set({ brackets })}
                error={fields.brackets}
              />
            </SimpleGrid>
          </Card>
        </SimpleGrid>
        <Picker
          chosen={draft.challenge_ids ?? []}
          change={(challenge_ids) => set({ challenge_ids })}
        />
        {error && !Object.keys(fields).length ? <Failure error={error} /> : null}
        <Group>
          <Button type="submit" loading={busy}>
            {label}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface Offered {
  id: string;
  name: string;
  difficulty?: string;
}

/** Every challenge for operators; for a competition's own administrators what they may see. */
function useCatalogue() {
  const operator = Boolean(useMe().data?.is_admin);
  const query = { limit: 10_000 };
  const all = api.useQuery(
    "get",
    "/api/v1/admin/challenges/stats",
    { params: { query } },
    { enabled: operator },
  );
  const seen = api.useQuery(
    "get",
    "/api/v1/challenges",
    { params: { query } },
    { enabled: !operator },
  );
  const offered: Offered[] | undefined = operator
    ? all.data?.items.map((row) => ({ ...row, id: row.challenge_id, name: row.name ?? "" }))
    : seen.data?.items;
  return { ...(operator ? all : seen), data: offered };
}

/** Which challenges, in which order. */
function Picker({ chosen, change }: { chosen: string[]; change: (ids: string[]) => void }) {
  const [text, setText] = useState("");
  const catalogue = useCatalogue();
  return (
    <Card>
      <Title order={2} size="h5" mb="sm">
        {t("Challenges")}
      </Title>
      <Loaded query={catalogue} height={200}>
        {(items) => {
          const names = new Map(items.map(({ id, name }) => [id, name]));
          const left = items.filter(
            (row) =>
              !chosen.includes(row.id) &&
              `${row.id} ${row.name}`.toLowerCase().includes(text.toLowerCase()),
          );
          const move = (place: number, by: number) => {
            const next = [...chosen];
            const [moved] = next.splice(place, 1);
            next.splice(place + by, 0, moved!);
            change(next);
          };
          return (
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <div>
                <Group justify="space-between" mb={4}>
                  <Text size="sm" fw={600}>
                    {t("In the competition: {n}", { n: chosen.length })}
                  </Text>
                </Group>
                {chosen.length === 0 && (
                  <Text size="sm" c="dimmed">
                    {t("None yet: add some from the list.")}
                  </Text>
                )}
                <ol className="plain">
                  {chosen.map((id, place) => (
                    <li key={id}>
                      <Text size="sm" className="grow clip">
                        {place + 1}. {names.get(id) ?? id}
                      </Text>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        disabled={place === 0}
                        onClick={() => move(place, -1)}
                        aria-label={t("Move {name} up", { name: names.get(id) ?? id })}
                      >
                        <IconArrowUp size={16} />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        disabled={place === chosen.length - 1}
                        onClick={() => move(place, 1)}
                        aria-label={t("Move {name} down", { name: names.get(id) ?? id })}
                      >
                        <IconArrowDown size={16} />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        onClick={() => change(chosen.filter((other) => other !== id))}
                        aria-label={t("Take {name} out", { name: names.get(id) ?? id })}
                      >
                        <IconX size={16} />
                      </ActionIcon>
                    </li>
                  ))}
                </ol>
              </div>
              <div>
                <Group mb={4} gap="xs" wrap="nowrap">
                  <TextInput
                    className="grow"
                    aria-label={t("Find a challenge")}
                    placeholder={t("Find a challenge")}
                    value={text}
                    onChange={(event) => setText(event.currentTarget.value)}
                    size="xs"
                  />
                  <Button
                    size="xs"
                    variant="default"
                    disabled={!left.length}
                    onClick={() => change([...chosen, ...left.map(({ id }) => id)])}
                  >
                    {t("Add all")}
                  </Button>
                </Group>
                <Stack gap={4} mah={320} className="scroll-y" tabIndex={0}>
                  {left.map((row) => (
                    <Button
                      key={row.id}
                      variant="default"
                      size="xs"
                      justify="space-between"
                      rightSection={<span aria-hidden>{row.difficulty}</span>}
                      onClick={() => change([...chosen, row.id])}
                    >
                      <VisuallyHidden>{t("Add")}&nbsp;</VisuallyHidden>
                      {row.name}
                    </Button>
                  ))}
                </Stack>
              </div>
            </SimpleGrid>
          );
        }}
      </Loaded>
    </Card>
  );
}

function Registrations({ competitionId }: { competitionId: string }) {
  const [{ offset = 0 }] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/registrations", {
    params: { path: { competition_id: competitionId }, query: { limit: PER_PAGE, offset } },
  });
  return (
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
              {row.team_name}
            </A>
          ),
        },
        { title: t("Members"), right: true, cell: (row) => row.members },
        { title: t("Solved"), right: true, cell: (row) => row.solved },
        { title: t("Registered"), wide: true, cell: (row) => <Ago at={row.registered_at} /> },
      ]}
    />
  );
}

/** Who runs the competition, and who may take part in a private one. */
function People({ competitionId }: { competitionId: string }) {
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
