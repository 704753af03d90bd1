import { Button, Card, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { type AnnouncementInfo, api } from "../api/client";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { Markdown } from "../components/Markdown";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { t } from "../i18n";

const EMPTY = { title: "", body: "", severity: "info" as "info" | "warning" | "critical" };

/** Announcements to everybody: write, change, delete. */
export function Announcements() {
  const query = api.useQuery("get", "/api/v1/admin/announcements", {
    params: { query: { limit: 200 } },
  });
  const [editing, setEditing] = useState<AnnouncementInfo | null>(null);
  const [draft, setDraft] = useState(EMPTY);
  const done = () => {
    setDraft(EMPTY);
    setEditing(null);
    notify(t("Saved"));
  };
  const create = api.useMutation("post", "/api/v1/admin/announcements", { onSuccess: done });
  const update = api.useMutation("patch", "/api/v1/admin/announcements/{announcement_id}", {
    onSuccess: done,
  });
  const remove = api.useMutation("delete", "/api/v1/admin/announcements/{announcement_id}");
  const at = (id: string) => ({ params: { path: { announcement_id: id } } });
  return (
    <Page title={t("Announcements")}>
      <Card>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (editing) update.mutate({ ...at(editing.id), body: draft });
            else create.mutate({ body: draft });
          }}
        >
          <Stack gap="sm">
            <Group align="flex-end">
              <TextInput
                className="grow"
                label={t("Title")}
                value={draft.title}
                onChange={(event) => setDraft({ ...draft, title: event.currentTarget.value })}
                required
                withAsterisk={false}
              />
              <NativeSelect
                label={t("Severity")}
                value={draft.severity}
                onChange={(event) =>
                  setDraft({ ...draft, severity: event.currentTarget.value as "info" })
                }
                data={[
                  { value: "info", label: t("info") },
                  { value: "warning", label: t("warning") },
                  { value: "critical", label: t("critical") },
                ]}
              />
            </Group>
            <Textarea
              label={t("Text")}
              description={t("Markdown")}
              value={draft.body}
              onChange={(event) => setDraft({ ...draft, body: event.currentTarget.value })}
              autosize
              minRows={3}
            />
            <Group>
              <Button type="submit" loading={create.isPending || update.isPending}>
                {editing ? t("Save") : t("Announce")}
              </Button>
              {editing && (
                <Button
                  variant="default"
                  onClick={() => {
                    setEditing(null);
                    setDraft(EMPTY);
                  }}
                >
                  {t("Cancel")}
                </Button>
              )}
            </Group>
          </Stack>
        </form>
      </Card>
      <Loaded query={query}>
        {({ items }) =>
          items.length ? (
            <Stack gap="xs">
              {items.map((item) => (
                <Card key={item.id} component="article">
                  <Group justify="space-between" gap="xs">
                    <Group gap="xs">
                      <StateBadge state={item.severity} />
                      <Text fw={600} className="wrap">
                        {item.title}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {item.created_by_name} · <Ago at={item.starts_at ?? item.created_at} />
                      </Text>
                    </Group>
                    <Group gap="xs">
                      <Button
                        size="xs"
                        variant="default"
                        onClick={() => {
                          setEditing(item);
                          setDraft({ title: item.title, body: item.body, severity: item.severity });
                        }}
                      >
                        {t("Edit")}
                      </Button>
                      <Confirm
                        size="xs"
                        label={t("Delete")}
                        question={t("Delete {title}?", { title: item.title })}
                        act={() => remove.mutate(at(item.id))}
                      />
                    </Group>
                  </Group>
                  <Markdown text={item.body} />
                </Card>
              ))}
            </Stack>
          ) : (
            <Card>
              <Empty title={t("Nothing was announced yet")} />
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}
