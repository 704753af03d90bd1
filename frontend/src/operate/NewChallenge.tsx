import {
  Button,
  Card,
  Group,
  NativeSelect,
  Radio,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, type PushedChallenge } from "../api/client";
import { refresh } from "../api/queries";
import { archived, type Found, upload } from "../api/upload";
import { Page } from "../components/Page";
import { notify } from "../components/toasts";
import { t } from "../i18n";
import { CATEGORIES, DIFFICULTIES } from "./ChallengeEditor";
import { DropZone } from "./DropZone";
import { Refusal } from "./Findings";
import { ForeignImport } from "./ForeignImport";

const slug = (name: string) =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 128);

/** A challenge made by filling in a form, or brought as a folder or an archive. */
export function NewChallenge() {
  const navigate = useNavigate();
  const made = ({ challenge_id, version }: Pick<PushedChallenge, "challenge_id" | "version">) => {
    void refresh("/api/v1/admin/challenges", "/api/v1/challenges");
    notify(t("Saved as version {n}", { n: version }));
    void navigate({ to: `/admin/challenges/${challenge_id}` as string, search: { tab: "edit" } });
  };
  return (
    <Page title={t("New challenge")} size="xl">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card>
          <Made done={made} />
        </Card>
        <Card>
          <Brought done={made} />
        </Card>
      </SimpleGrid>
      <Card mt="md">
        <ForeignImport />
      </Card>
    </Page>
  );
}

type Done = (made: Pick<PushedChallenge, "challenge_id" | "version">) => void;

function Made({ done }: { done: Done }) {
  const [name, setName] = useState("");
  const [ownId, setOwnId] = useState<string>();
  const [category, setCategory] = useState("web");
  const [difficulty, setDifficulty] = useState("easy");
  const [kind, setKind] = useState("asked");
  const [description, setDescription] = useState("");
  const [answer, setAnswer] = useState("");
  const id = ownId ?? slug(name);
  const path = { challenge_id: id };
  const options = { meta: { quiet: true }, onSuccess: done };
  const ask = api.useMutation("put", "/api/v1/admin/challenges/{challenge_id}/metadata", options);
  const example = api.useMutation(
    "post",
    "/api/v1/admin/challenges/{challenge_id}/example",
    options,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.reset();
    example.reset();
    const head = { name, category: category as "web", difficulty: difficulty as "easy" };
    const tags = [category];
    if (kind === "example") example.mutate({ params: { path }, body: { ...head, tags } });
    else {
      const questions = [{ id: "flag", prompt: t("What is the flag?"), mode: "static", answer }];
      const metadata = { ...head, description, tags, value: 100, questions };
      ask.mutate({ params: { path }, body: { base: 0, metadata } });
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Title order={2} size="h5">
          {t("Make one")}
        </Title>
        <TextInput
          label={t("Name")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
          withAsterisk={false}
          maxLength={200}
        />
        <TextInput
          label={t("Id")}
          description={t("For addresses and files, for ever: a-z, 0-9, - and _")}
          value={id}
          onChange={(event) => setOwnId(event.currentTarget.value)}
          pattern="[a-z0-9][a-z0-9_\-]*"
          required
          withAsterisk={false}
          maxLength={128}
        />
        <Group grow>
          <NativeSelect
            label={t("Category")}
            value={category}
            onChange={(event) => setCategory(event.currentTarget.value)}
            data={CATEGORIES}
          />
          <NativeSelect
            label={t("Difficulty")}
            value={difficulty}
            onChange={(event) => setDifficulty(event.currentTarget.value)}
            data={DIFFICULTIES()}
          />
        </Group>
        <Radio.Group label={t("What it is made of")} value={kind} onChange={setKind}>
          <Stack gap={6} mt={4}>
            <Radio value="asked" label={t("A question, and files if it needs some")} />
            <Radio
              value="example"
              label={t("A service of its own for each team: begins with an example that runs")}
            />
          </Stack>
        </Radio.Group>
        {kind === "asked" && (
          <>
            <Textarea
              label={t("Description")}
              description={t("Markdown")}
              value={description}
              onChange={(event) => setDescription(event.currentTarget.value)}
              autosize
              minRows={3}
              required
              withAsterisk={false}
            />
            <TextInput
              label={t("Answer")}
              description={t("As FLAG{…}; more questions and other kinds of answers follow")}
              value={answer}
              onChange={(event) => setAnswer(event.currentTarget.value)}
              required
              withAsterisk={false}
              autoComplete="off"
            />
          </>
        )}
        <Refusal error={ask.error ?? example.error} />
        <Group>
          <Button type="submit" loading={ask.isPending || example.isPending}>
            {t("Make it")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Brought({ done }: { done: Done }) {
  const [id, setId] = useState("");
  const [progress, setProgress] = useState<number>();
  const [error, setError] = useState<unknown>();
  const send = async (found: Found[]) => {
    if (!found.length) return;
    setError(undefined);
    setProgress(0);
    try {
      const body = await archived(found);
      done(
        await upload("POST", "/api/v1/admin/challenges", { challenge_id: id }, body, setProgress),
      );
    } catch (refused) {
      setError(refused);
    } finally {
      setProgress(undefined);
    }
  };
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        {t("Bring one")}
      </Title>
      <Text size="sm">
        {t("A folder with a metadata.yaml, or an archive of one (tar, tar.gz, zip).")}{" "}
        {t("One of the same id becomes its next version.")}
      </Text>
      <TextInput
        label={t("Id")}
        placeholder={t("the folder's name")}
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
        maxLength={128}
      />
      <DropZone label={t("Choose an archive")} folders progress={progress} take={send} />
      <Refusal error={error} />
    </Stack>
  );
}
