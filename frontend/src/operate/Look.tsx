import {
  Button,
  Card,
  Group,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { type FormEvent, useMemo } from "react";
import { useBranding } from "../api/branding";
import { ApiError, api, type Branding } from "../api/client";
import { Markdown } from "../components/Markdown";
import { Page } from "../components/Page";
import { Failure } from "../components/states";
import { notify } from "../components/toasts";
import { Clash, Unsaved } from "../components/Unsaved";
import { asItIs, Upload } from "../components/Upload";
import { t } from "../i18n";
import { useEdited } from "./edited";

const FIELDS = ["event_name", "accent_color", "landing_text", "footer_text"] as const;
type Texts = Pick<Branding, (typeof FIELDS)[number]>;
const pick = (start: Branding) =>
  Object.fromEntries(FIELDS.map((name) => [name, start[name]])) as unknown as Texts;
const OWN_ACCENT = "#087050";

/** How the platform looks to its visitors, with a preview of what is not saved yet. */
export function Look() {
  const start = useBranding();
  const { draft, changed, clashes, set, takeTheirs } = useEdited(
    useMemo(() => pick(start), [start]),
  );
  const save = api.useMutation("patch", "/api/v1/admin/branding", {
    meta: { quiet: true },
    onSuccess: () => notify(t("Saved")),
  });
  const fields = save.error instanceof ApiError ? save.error.fields : {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // An empty one is the default's again.
    save.mutate({ body: Object.fromEntries(changed.map((name) => [name, draft[name] || null])) });
  };
  const words = {
    event_name: t("Event name"),
    accent_color: t("Accent colour"),
    landing_text: t("Landing text"),
    footer_text: t("Footer text"),
  };
  return (
    <Page title={t("Look")} lead={t("What visitors see first, on every page.")} size="xl">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <form onSubmit={submit}>
          <Card>
            <Stack gap="sm">
              <TextInput
                label={words.event_name}
                description={t("In the header, in titles and in mails")}
                value={draft.event_name}
                onChange={(event) => set({ event_name: event.currentTarget.value })}
                maxLength={64}
                error={fields.event_name}
              />
              <TextInput
                label={words.accent_color}
                description={t("Of links and buttons; empty: the platform's own")}
                placeholder={OWN_ACCENT}
                value={draft.accent_color}
                onChange={(event) => set({ accent_color: event.currentTarget.value.trim() })}
                maxLength={7}
                error={fields.accent_color}
                rightSectionWidth={48}
                rightSection={
                  <input
                    type="color"
                    aria-label={t("Choose the accent colour")}
                    value={valid(draft.accent_color) ?? OWN_ACCENT}
                    onChange={(event) => set({ accent_color: event.currentTarget.value })}
                  />
                }
              />
              <Textarea
                label={words.landing_text}
                description={t("Markdown, on the page that visitors open")}
                value={draft.landing_text}
                onChange={(event) => set({ landing_text: event.currentTarget.value })}
                autosize
                minRows={5}
                error={fields.landing_text}
              />
              <Textarea
                label={words.footer_text}
                description={t("Markdown, below every page")}
                value={draft.footer_text}
                onChange={(event) => set({ footer_text: event.currentTarget.value })}
                autosize
                minRows={2}
                error={fields.footer_text}
              />
              {clashes.length > 0 && (
                <Clash
                  theirs={clashes.map((name) => ({ name: words[name], value: start[name] }))}
                  takeTheirs={takeTheirs}
                />
              )}
              {save.error && !Object.keys(fields).length ? <Failure error={save.error} /> : null}
              <Group>
                <Button type="submit" loading={save.isPending} disabled={!changed.length}>
                  {t("Save")}
                </Button>
              </Group>
            </Stack>
          </Card>
          <Unsaved dirty={changed.length > 0 && !save.isPending} />
        </form>
        <Stack>
          <Picture purpose="logo" title={t("Logo")} shown={start.logo} />
          <Picture purpose="favicon" title={t("Favicon")} shown={start.favicon} />
          <Preview draft={draft} />
        </Stack>
      </SimpleGrid>
    </Page>
  );
}

const valid = (color: string | undefined) =>
  color && /^#[\da-f]{6}$/i.test(color) ? color : undefined;

function Picture({
  purpose,
  title,
  shown,
}: {
  purpose: "logo" | "favicon";
  title: string;
  shown: Branding["logo"];
}) {
  const at = { params: { path: { purpose } } };
  const put = api.useMutation("put", "/api/v1/admin/branding/{purpose}");
  const remove = api.useMutation("delete", "/api/v1/admin/branding/{purpose}");
  return (
    <Card component="section">
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <Group justify="space-between">
        {shown ? (
          <img src={shown.url} alt={title} height={32} />
        ) : (
          <Text size="sm" c="dimmed">
            {t("The platform's own")}
          </Text>
        )}
        <Group gap="xs">
          <Upload
            label={purpose === "logo" ? t("Upload a logo") : t("Upload a favicon")}
            busy={put.isPending}
            send={(file) => put.mutate({ ...at, ...asItIs(file) })}
          />
          {shown && (
            <Button size="xs" variant="default" onClick={() => remove.mutate(at)}>
              {t("Remove")}
            </Button>
          )}
        </Group>
      </Group>
      <Text size="xs" c="dimmed" mt="xs">
        {t("PNG, JPEG or WebP, up to 4 MB")}
      </Text>
    </Card>
  );
}

/** What is written, as visitors will see it. */
function Preview({ draft }: { draft: Texts }) {
  const accent = valid(draft.accent_color) ?? OWN_ACCENT;
  const looks = [
    { paper: "#fbfcfc", ink: "#1d262c", link: accent },
    { paper: "#10161a", ink: "#d5dbdf", link: `color-mix(in srgb, ${accent} 34%, white)` },
  ];
  return (
    <Card component="section">
      <Title order={2} size="h5" mb="xs">
        {t("Preview")}
      </Title>
      <Stack>
        <SimpleGrid cols={2} aria-hidden>
          {looks.map(({ paper, ink, link }) => (
            <Stack
              key={paper}
              p="sm"
              gap="xs"
              align="flex-start"
              style={{ background: paper, color: ink, borderRadius: 8 }}
            >
              <Text fw={750} className="wrap">
                {draft.event_name}
              </Text>
              <Text size="sm" style={{ color: link }}>
                {t("A link")}
              </Text>
              <Text
                size="sm"
                px="sm"
                py={4}
                style={{ background: accent, color: "white", borderRadius: 8 }}
              >
                {t("A button")}
              </Text>
            </Stack>
          ))}
        </SimpleGrid>
        <Markdown text={draft.landing_text} />
        <Markdown text={draft.footer_text} />
      </Stack>
    </Card>
  );
}
