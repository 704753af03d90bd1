import {
  Button,
  Card,
  Checkbox,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Tabs,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useCallback, useMemo } from "react";
import { ApiError, api, type CompetitionUpdate } from "../api/client";
import { refresh } from "../api/queries";
import { StateBadge } from "../components/badges";
import { useFilters } from "../components/filters";
import { Page } from "../components/Page";
import { Failure, Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { Clash, Unsaved } from "../components/Unsaved";
import { t } from "../i18n";
import { ChallengePicker } from "./ChallengePicker";
import { CompetitionActions } from "./CompetitionActions";
import { CompetitionChallenges } from "./CompetitionChallenges";
import { CompetitionClock } from "./CompetitionClock";
import { People, Registrations } from "./CompetitionPeople";
import { CompetitionSubmissions } from "./CompetitionSubmissions";
import { CompetitionWriteups } from "./CompetitionWriteups";
import { useEdited } from "./edited";
import { CompetitionFields } from "./Fields";
import { NumberInput, TagsInput } from "./inputs";
import { fromLocal, toLocal } from "./times";

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
  scoreboard_visibility: "public",
  practice: false,
};

export function NewCompetition() {
  const navigate = useNavigate();
  const create = api.useMutation("post", "/api/v1/admin/competitions", {
    meta: { quiet: true },
    onSuccess: ({ id, title }) => {
      notify(t("Created {title}", { title }));
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
        save={(draft) => create.mutateAsync({ body: { ...NEW, ...draft } as never })}
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
    onSuccess: async () => {
      await refresh("/api/v1/competitions"); // it is busy until what is shown is what was saved
      notify(t("Saved"));
    },
  });
  return (
    <Page
      title={query.data?.title ?? t("Competition")}
      lead={query.data && <StateBadge state={query.data.status} />}
      size="xl"
      actions={query.data && <CompetitionActions competition={query.data} />}
    >
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="settings">{t("Settings")}</Tabs.Tab>
          <Tabs.Tab value="challenges">{t("Challenges")}</Tabs.Tab>
          <Tabs.Tab value="fields">{t("Fields")}</Tabs.Tab>
          <Tabs.Tab value="teams">{t("Registrations")}</Tabs.Tab>
          <Tabs.Tab value="submissions">{t("Submissions")}</Tabs.Tab>
          <Tabs.Tab value="writeups">{t("Write-ups")}</Tabs.Tab>
          <Tabs.Tab value="people">{t("People")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="settings">
          <Loaded query={query} height={500}>
            {(competition) => (
              <>
                <CompetitionClock competition={competition} />
                <Editor
                  start={competition as Draft}
                  label={t("Save")}
                  busy={update.isPending}
                  error={update.error}
                  save={(draft) => update.mutateAsync({ params: { path }, body: draft })}
                />
              </>
            )}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="challenges">
          <CompetitionChallenges competitionId={competitionId} />
        </Tabs.Panel>
        <Tabs.Panel value="fields">
          <CompetitionFields competitionId={competitionId} />
        </Tabs.Panel>
        <Tabs.Panel value="teams">
          <Registrations competitionId={competitionId} />
        </Tabs.Panel>
        <Tabs.Panel value="submissions">
          <Loaded query={query} height={500}>
            {(competition) => <CompetitionSubmissions competition={competition} />}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="writeups">
          <Loaded query={query} height={500}>
            {(competition) => <CompetitionWriteups competition={competition} />}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="people">
          <People competitionId={competitionId} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

const TIMES = [
  "starts_at",
  "ends_at",
  "registration_opens_at",
  "registration_closes_at",
  "freezes_at",
  "writeups_until",
] as const;

const FIELDS = [
  "title",
  "description",
  "rules",
  "prizes",
  "status",
  "access",
  "rank_by",
  "first_blood_bonus",
  "brackets",
  "challenge_ids",
  "max_team_size",
  "max_instances_per_team",
  "scoreboard_visibility",
  "practice",
  ...TIMES,
] as const;
const NONE: string[] = [];
const pick = (start: Draft) =>
  Object.fromEntries(FIELDS.map((name) => [name, start[name]])) as unknown as Draft;

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
  save: (changes: CompetitionUpdate) => Promise<unknown>;
}) {
  const { draft, set, changed, dirty, clashes, takeTheirs } = useEdited(
    useMemo(() => pick(start), [start]),
  );
  const choose = useCallback((challenge_ids: string[]) => set({ challenge_ids }), [set]);
  const fields = error instanceof ApiError ? error.fields : {};
  const words = {
    starts_at: t("Starts"),
    ends_at: t("Ends"),
    registration_opens_at: t("Registration opens"),
    registration_closes_at: t("Registration closes"),
    freezes_at: t("Scoreboard freezes"),
    writeups_until: t("Write-ups until"),
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const given = Object.fromEntries(changed.map((name) => [name, draft[name] ?? null]));
    await save(given).catch(() => undefined); // `error` says it, and what was edited stays
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
              <Textarea
                label={t("Rules")}
                description={t("Markdown")}
                value={draft.rules ?? ""}
                onChange={(event) => set({ rules: event.currentTarget.value })}
                autosize
                minRows={2}
                error={fields.rules}
              />
              <Textarea
                label={t("Prizes")}
                description={t("Markdown")}
                value={draft.prizes ?? ""}
                onChange={(event) => set({ prizes: event.currentTarget.value })}
                autosize
                minRows={2}
                error={fields.prizes}
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
                  value={toLocal(draft[name])}
                  onChange={(event) => set({ [name]: fromLocal(event.currentTarget.value) })}
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
              <NativeSelect
                label={t("Scoreboard shown to")}
                value={draft.scoreboard_visibility ?? "public"}
                onChange={(event) =>
                  set({ scoreboard_visibility: event.currentTarget.value as "public" })
                }
                data={[
                  { value: "public", label: t("everybody") },
                  { value: "players", label: t("those who take part") },
                  { value: "hidden", label: t("operators only") },
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
            <Checkbox
              mt="md"
              label={t("Practice after the end")}
              description={t(
                "Whoever takes part can go on. Answers are graded, and nothing of it counts anywhere.",
              )}
              checked={draft.practice ?? false}
              onChange={(event) => set({ practice: event.currentTarget.checked })}
            />
          </Card>
        </SimpleGrid>
        <ChallengePicker chosen={draft.challenge_ids ?? NONE} change={choose} />
        {clashes.length > 0 && <Clash takeTheirs={takeTheirs} />}
        {error && !Object.keys(fields).length ? <Failure error={error} /> : null}
        <Group>
          <Button type="submit" loading={busy} disabled={!dirty}>
            {label}
          </Button>
        </Group>
        <Unsaved dirty={dirty && !busy} />
      </Stack>
    </form>
  );
}
