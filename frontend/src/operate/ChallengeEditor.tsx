import {
  ActionIcon,
  Button,
  Card,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Tabs,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type FormEvent, useMemo } from "react";
import { api, type ChallengeFiles } from "../api/client";
import { refresh } from "../api/queries";
import { Markdown } from "../components/Markdown";
import { notify } from "../components/toasts";
import { Clash, Unsaved } from "../components/Unsaved";
import { t } from "../i18n";
import { useEdited } from "./edited";
import { Refusal } from "./Findings";
import { NumberInput, TagsInput } from "./inputs";
import { type Question, Questions } from "./QuestionFields";
import { ImageTextarea, type TextImages, useTextImages } from "./TextImages";
import { ValueFields, type Worth } from "./ValueFields";

interface Hint {
  id: string;
  text: string;
  cost?: number;
}

/** What metadata.yaml says; what is not edited here stays as it is. */
interface Metadata {
  name?: string;
  description?: string;
  category?: string;
  difficulty?: string;
  tags?: string[];
  value?: Worth;
  questions?: Question[];
  hints?: Hint[];
  unlocked_by?: string[];
  limits?: Record<string, number>;
}

export const CATEGORIES = ["web", "pwn", "reverse", "crypto", "misc"];
export const DIFFICULTIES = () => [
  { value: "easy", label: t("easy") },
  { value: "medium", label: t("medium") },
  { value: "hard", label: t("hard") },
];
const DEFAULT_QUESTION: Question = { id: "flag", prompt: "Capture the secret", mode: "dynamic" };

/** What a challenge is: what players read and are asked, and what it is worth. */
export function ChallengeEditor({ held }: { held: ChallengeFiles }) {
  const start = useMemo(() => held.metadata as Metadata, [held.metadata]);
  const { draft, set, changed, dirty, clashes, takeTheirs } = useEdited(start);
  const path = { challenge_id: held.challenge_id };
  const images = useTextImages(held);
  const save = api.useMutation("put", "/api/v1/admin/challenges/{challenge_id}/metadata", {
    meta: { quiet: true },
    onSuccess: async ({ version }) => {
      await refresh("/api/v1/admin/challenges", "/api/v1/challenges");
      notify(t("Saved as version {n}", { n: version }));
    },
    onError: () => void refresh("/api/v1/admin/challenges"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = Object.fromEntries(changed.map((name) => [name, draft[name]]));
    const metadata = Object.fromEntries(
      Object.entries({ ...held.metadata, ...given }).filter(([, value]) => value !== undefined),
    );
    save.mutate({ params: { path }, body: { base: images.version, metadata } });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Card>
            <Stack gap="sm">
              <TextInput
                label={t("Name")}
                value={draft.name ?? ""}
                onChange={(event) => set({ name: event.currentTarget.value })}
                required
                withAsterisk={false}
                maxLength={200}
              />
              <Group grow>
                <NativeSelect
                  label={t("Category")}
                  value={draft.category ?? "web"}
                  onChange={(event) => set({ category: event.currentTarget.value })}
                  data={CATEGORIES}
                />
                <NativeSelect
                  label={t("Difficulty")}
                  value={draft.difficulty ?? "easy"}
                  onChange={(event) => set({ difficulty: event.currentTarget.value })}
                  data={DIFFICULTIES()}
                />
              </Group>
              <TagsInput
                label={t("Tags")}
                description={t("What it is found by; at least one")}
                value={draft.tags ?? []}
                onChange={(tags) => set({ tags })}
              />
              <ValueFields value={draft.value ?? 100} set={(value) => set({ value })} />
            </Stack>
          </Card>
          <Card>
            <Description
              challengeId={held.challenge_id}
              text={draft.description ?? ""}
              set={(description) => set({ description })}
              images={images}
            />
          </Card>
        </SimpleGrid>
        <Card>
          <Questions
            questions={draft.questions ?? [DEFAULT_QUESTION]}
            set={(questions) => set({ questions })}
          />
        </Card>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Card>
            <Hints hints={draft.hints ?? []} set={(hints) => set({ hints })} images={images} />
          </Card>
          <Card>
            <Stack gap="sm">
              <Title order={2} size="h5">
                {t("Requirements and limits")}
              </Title>
              <Unlocking
                own={held.challenge_id ?? ""}
                ids={draft.unlocked_by ?? []}
                set={(ids) => set({ unlocked_by: ids })}
              />
              <Limits limits={draft.limits ?? {}} set={(limits) => set({ limits })} />
            </Stack>
          </Card>
        </SimpleGrid>
        {clashes.length > 0 && <Clash takeTheirs={takeTheirs} />}
        <Refusal error={save.error ?? images.error} />
        <Group>
          <Button type="submit" loading={save.isPending} disabled={!dirty}>
            {t("Save")}
          </Button>
          <Text size="sm" c="dimmed">
            {t("A save makes a version: new instances are of it, those that run keep theirs.")}
          </Text>
        </Group>
        <Unsaved dirty={dirty && !save.isPending} />
      </Stack>
    </form>
  );
}

function Description({
  challengeId,
  text,
  set,
  images,
}: {
  challengeId: string;
  text: string;
  set: (text: string) => void;
  images: TextImages;
}) {
  return (
    <Tabs defaultValue="write" keepMounted={false}>
      <Tabs.List mb="xs">
        <Tabs.Tab value="write">{t("Write")}</Tabs.Tab>
        <Tabs.Tab value="preview">{t("Preview")}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="write">
        <ImageTextarea
          images={images}
          label={t("Description")}
          description={t(
            "Markdown; paste or drop images. The address of an instance is shown beside it",
          )}
          value={text}
          change={set}
          autosize
          minRows={9}
          maxRows={24}
          required
          withAsterisk={false}
        />
      </Tabs.Panel>
      <Tabs.Panel value="preview">
        <Markdown text={text} imagesOf={challengeId} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Hints({
  hints,
  set,
  images,
}: {
  hints: Hint[];
  set: (hints: Hint[] | undefined) => void;
  images: TextImages;
}) {
  const put = (place: number, changed: Partial<Hint>) =>
    set(hints.map((hint, at) => (at === place ? { ...hint, ...changed } : hint)));
  const add = () => {
    const taken = new Set(hints.map(({ id }) => id));
    let count = hints.length + 1;
    while (taken.has(`hint_${count}`)) count += 1;
    set([...hints, { id: `hint_${count}`, text: "", cost: 0 }]);
  };
  const remove = (place: number) => {
    const left = hints.filter((_, at) => at !== place);
    set(left.length ? left : undefined);
  };
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={2} size="h5">
          {t("Hints")}
        </Title>
        <Button size="compact-sm" variant="default" onClick={add}>
          {t("Add a hint")}
        </Button>
      </Group>
      {hints.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("None. A team takes a hint for points.")}
        </Text>
      )}
      {hints.map((hint, place) => (
        <Group key={hint.id} align="end" wrap="nowrap">
          <ImageTextarea
            images={images}
            label={t("Hint {n}", { n: place + 1 })}
            value={hint.text}
            change={(text) => put(place, { text })}
            autosize
            flex={1}
            required
            withAsterisk={false}
          />
          <NumberInput
            label={t("Cost")}
            value={hint.cost ?? 0}
            onChange={(cost) => put(place, { cost: Number(cost) || 0 })}
            min={0}
            w={90}
          />
          <ActionIcon
            variant="default"
            size="lg"
            onClick={() => remove(place)}
            aria-label={t("Remove hint {n}", { n: place + 1 })}
          >
            <IconX size={16} />
          </ActionIcon>
        </Group>
      ))}
    </Stack>
  );
}

function Unlocking({
  own,
  ids,
  set,
}: {
  own: string;
  ids: string[];
  set: (ids: string[] | undefined) => void;
}) {
  const query = { limit: 10_000 };
  const all = api.useQuery("get", "/api/v1/admin/challenges/stats", { params: { query } });
  const offered = (all.data?.items ?? []).map((row) => row.challenge_id);
  return (
    <TagsInput
      label={t("Closed until these are solved")}
      description={t("Challenges by their ids")}
      data={offered.filter((id) => id !== own)}
      limit={20}
      value={ids}
      onChange={(chosen) => set(chosen.length ? chosen : undefined)}
    />
  );
}

function Limits({
  limits,
  set,
}: {
  limits: Record<string, number>;
  set: (limits: Record<string, number> | undefined) => void;
}) {
  const words: Record<string, string> = {
    memory_mb: t("Memory, MB"),
    cpus: t("Processors"),
    processes: t("Processes"),
    disk_mb: t("Disk, MB"),
    lifetime_s: t("Lifetime, seconds"),
  };
  const put = (name: string, given: string | number) => {
    const { [name]: _, ...others } = limits;
    const next = given === "" ? others : { ...others, [name]: Number(given) };
    set(Object.keys(next).length ? next : undefined);
  };
  return (
    <SimpleGrid cols={{ base: 2, sm: 3 }}>
      {Object.entries(words).map(([name, label]) => (
        <NumberInput
          key={name}
          label={label}
          placeholder={t("usual")}
          value={limits[name] ?? ""}
          onChange={(given) => put(name, given)}
          min={0}
          decimalScale={name === "cpus" ? 2 : 0}
        />
      ))}
    </SimpleGrid>
  );
}
