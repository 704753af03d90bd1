import {
  Button,
  Card,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Switch,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useMemo } from "react";
import { ApiError, api, type ImageInfo, type SitePageInfo } from "../api/client";
import { refresh } from "../api/queries";
import { ButtonLink } from "../components/links";
import { Markdown } from "../components/Markdown";
import { Page } from "../components/Page";
import { Failure, Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { Clash, Unsaved } from "../components/Unsaved";
import { t } from "../i18n";
import { useEdited } from "./edited";
import { Images } from "./Images";
import { NumberInput } from "./inputs";

type Draft = Pick<
  SitePageInfo,
  "slug" | "title" | "body" | "position" | "in_navigation" | "status"
>;
type Changes = Partial<Draft>;

const NEW: Draft = {
  slug: "",
  title: "",
  body: "",
  position: 0,
  in_navigation: true,
  status: "draft",
};
const FIELDS = ["slug", "title", "body", "position", "in_navigation", "status"] as const;
const pick = (start: Draft) =>
  Object.fromEntries(FIELDS.map((name) => [name, start[name]])) as unknown as Draft;

export function NewPage() {
  const navigate = useNavigate();
  const create = api.useMutation("post", "/api/v1/admin/pages", {
    meta: { quiet: true },
    onSuccess: ({ id, title }) => {
      notify(t("Created {title}", { title }));
      void navigate({ to: `/admin/pages/${id}` as string });
    },
  });
  return (
    <Page title={t("New page")} size="xl">
      <Editor
        start={NEW}
        label={t("Create")}
        busy={create.isPending}
        error={create.error}
        save={(changes) => create.mutateAsync({ body: { ...NEW, ...changes } })}
      />
    </Page>
  );
}

export function EditPage() {
  const { pageId } = useParams({ from: "/framed/admin/pages/$pageId" });
  const path = { page_id: pageId };
  const query = api.useQuery("get", "/api/v1/admin/pages/{page_id}", { params: { path } });
  const update = api.useMutation("patch", "/api/v1/admin/pages/{page_id}", {
    meta: { quiet: true },
    onSuccess: async () => {
      await refresh("/api/v1/admin/pages"); // it is busy until what is shown is what was saved
      notify(t("Saved"));
    },
    // What somebody else saved is shown beside it, or merged with it, for the next try.
    onError: (error: unknown) =>
      error instanceof ApiError && error.code === "page_changed"
        ? refresh("/api/v1/admin/pages")
        : undefined,
  });
  const page = query.data;
  return (
    <Page
      title={page?.title ?? t("Page")}
      size="xl"
      actions={
        page?.status === "published" && (
          <ButtonLink to="/pages/$slug" params={{ slug: page.slug }} variant="default" size="xs">
            {t("Open it")}
          </ButtonLink>
        )
      }
    >
      <Loaded query={query} height={400}>
        {(start) => (
          <Editor
            start={start}
            label={t("Save")}
            busy={update.isPending}
            error={update.error}
            save={(changes) =>
              update.mutateAsync({ params: { path }, body: { ...changes, version: start.version } })
            }
          />
        )}
      </Loaded>
    </Page>
  );
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
  save: (changes: Changes) => Promise<unknown>;
}) {
  const { draft, changed, clashes, set, takeTheirs } = useEdited(
    useMemo(() => pick(start), [start]),
  );
  const fields = error instanceof ApiError ? error.fields : {};
  const words = {
    slug: t("Address"),
    title: t("Title"),
    body: t("Text"),
    position: t("Position"),
    in_navigation: t("In the navigation"),
    status: t("Status"),
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const changes = Object.fromEntries(changed.map((name) => [name, draft[name]]));
    await save(changes).catch(() => undefined); // `error` says it, and what was edited stays
  };
  const insert = (image: ImageInfo) => {
    const shown = image.name.replace(/[[\]\\]/g, "") || t("Image");
    set({ body: `${draft.body}${draft.body && "\n\n"}![${shown}](${image.url})\n` });
  };
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <form onSubmit={submit}>
        <Card>
          <Stack gap="sm">
            <TextInput
              label={words.title}
              value={draft.title}
              onChange={(event) => set({ title: event.currentTarget.value })}
              required
              withAsterisk={false}
              maxLength={120}
              error={fields.title}
            />
            <TextInput
              label={words.slug}
              description={t("/pages/ and small letters, digits and hyphens")}
              value={draft.slug}
              onChange={(event) => set({ slug: event.currentTarget.value })}
              required
              withAsterisk={false}
              maxLength={64}
              pattern="[a-z0-9]+(-[a-z0-9]+)*"
              error={fields.slug}
            />
            <Textarea
              label={words.body}
              description={t("Markdown")}
              value={draft.body}
              onChange={(event) => set({ body: event.currentTarget.value })}
              autosize
              minRows={10}
              error={fields.body}
            />
            <Group grow>
              <NativeSelect
                label={words.status}
                value={draft.status}
                onChange={(event) => set({ status: event.currentTarget.value as "draft" })}
                data={[
                  { value: "draft", label: t("draft") },
                  { value: "published", label: t("published") },
                ]}
              />
              <NumberInput
                label={words.position}
                value={draft.position}
                onChange={(value) => set({ position: Number(value) || 0 })}
                min={0}
                max={10_000}
                error={fields.position}
              />
            </Group>
            <Switch
              label={words.in_navigation}
              checked={draft.in_navigation}
              onChange={(event) => set({ in_navigation: event.currentTarget.checked })}
            />
            {clashes.length > 0 && (
              <Clash
                theirs={clashes.map((name) => ({ name: words[name], value: String(start[name]) }))}
                takeTheirs={takeTheirs}
              />
            )}
            {error && !Object.keys(fields).length ? <Failure error={error} /> : null}
            <Group>
              <Button type="submit" loading={busy} disabled={!changed.length}>
                {label}
              </Button>
            </Group>
          </Stack>
        </Card>
        <Unsaved dirty={changed.length > 0 && !busy} />
      </form>
      <Stack>
        <Card component="section">
          <Title order={2} size="h5" mb="xs">
            {t("Preview")}
          </Title>
          <Markdown text={draft.body} />
        </Card>
        <Images insert={insert} />
      </Stack>
    </SimpleGrid>
  );
}
