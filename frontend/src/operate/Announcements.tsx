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
import { CompetitionSelect } from "./CompetitionSelect";

const EMPTY = { title: "", body: "", severity: "info" as "info" | "warning" | "critical" };
const EVERYBODY = { competition_id: "", bracket: "", team_id: "" };

/** Announcements to everybody, or to some: write, change, delete. */
export function Announcements() {
  const query = api.useQuery("get", "/api/v1/admin/announcements", {
    params: { query: { limit: 200 } },
  });
  const [editing, setEditing] = useState<AnnouncementInfo | null>(null);
  const [draft, setDraft] = useState(EMPTY);
  const [audience, setAudience] = useState(EVERYBODY);
  const done = () => {
    setDraft(EMPTY);
    setAudience(EVERYBODY);
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
            else create.mutate({ body: { ...draft, ...audience } });
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
            {!editing && <Audience value={audience} change={setAudience} />}
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
                        {audienceOf(item)} · {item.created_by_name} ·{" "}
                        <Ago at={item.starts_at ?? item.created_at} />
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

/** Whom an announcement is for, in words. */
function audienceOf(item: AnnouncementInfo) {
  if (!item.competition_id) return t("to everybody");
  const some = item.team_name || item.bracket;
  return some ? `${item.competition_title}: ${some}` : (item.competition_title ?? "");
}

/** Everybody, or the people of a competition: all, those of a bracket, or a team. */
function Audience({
  value,
  change,
}: {
  value: typeof EVERYBODY;
  change: (next: typeof EVERYBODY) => void;
}) {
  return (
    <Group align="flex-end">
      <CompetitionSelect
        label={t("For")}
        none={t("everybody")}
        value={value.competition_id}
        change={(competition_id) => change({ ...EVERYBODY, competition_id })}
      />
      {value.competition_id && <Part value={value} change={change} />}
    </Group>
  );
}

function Part({
  value,
  change,
}: {
  value: typeof EVERYBODY;
  change: (next: typeof EVERYBODY) => void;
}) {
  const params = { path: { competition_id: value.competition_id } };
  const competition = api.useQuery("get", "/api/v1/competitions/{competition_id}", { params });
  const teams = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/registrations", {
    params: { ...params, query: { limit: 500 } },
  });
  const brackets = competition.data?.brackets ?? [];
  return (
    <>
      {brackets.length > 0 && (
        <NativeSelect
          label={t("Bracket")}
          value={value.bracket}
          onChange={(event) =>
            change({ ...value, bracket: event.currentTarget.value, team_id: "" })
          }
          data={[
            { value: "", label: t("all") },
            ...brackets.map((name) => ({ value: name, label: name })),
          ]}
        />
      )}
      <NativeSelect
        label={t("Team")}
        value={value.team_id}
        onChange={(event) => change({ ...value, team_id: event.currentTarget.value, bracket: "" })}
        data={[
          { value: "", label: t("all") },
          ...(teams.data?.items ?? []).map(({ team_id, team_name }) => ({
            value: team_id,
            label: team_name || team_id,
          })),
        ]}
      />
    </>
  );
}
