import {
  Alert,
  Badge,
  Button,
  Card,
  Checkbox,
  Group,
  NativeSelect,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiError, api, type NotificationChannelInfo } from "../api/client";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { Copy } from "../components/Copy";
import { Page } from "../components/Page";
import { Empty, Failure, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { type Message, t } from "../i18n";
import { CompetitionSelect } from "./CompetitionSelect";

type ChannelEvent = NotificationChannelInfo["events"][number];
const EVENTS: Record<ChannelEvent, Message> = {
  first_blood: "First blood",
  flag_correct: "A challenge is solved",
  team_registered: "A team takes part",
  announcement_created: "An announcement to all",
  incident_reported: "An incident",
  node_unhealthy: "A node falls silent",
  node_recovered: "A node is back",
  task_failed: "A task failed",
};
const EMPTY = {
  name: "",
  kind: "service" as "service" | "webhook",
  address: "",
  events: ["first_blood"] as ChannelEvent[],
  competition_id: "",
  enabled: true,
};

/** Where the platform tells of what happens: chats, mail, webhooks. */
export function Notifications() {
  const query = api.useQuery("get", "/api/v1/admin/notification-channels", {
    params: { query: { limit: 200 } },
  });
  const [editing, setEditing] = useState<NotificationChannelInfo | null>(null);
  const [secret, setSecret] = useState("");
  return (
    <Page
      title={t("Notifications")}
      lead={t("Chats, mailboxes and webhooks that are told what happens.")}
    >
      {secret && (
        <Alert color="green" title={t("The secret that signs this webhook; it is shown this once")}>
          <Copy label={t("secret")} text={secret} />
        </Alert>
      )}
      <ChannelForm
        key={editing?.id ?? "new"}
        channel={editing}
        done={(made) => {
          setEditing(null);
          setSecret(made);
        }}
      />
      <Loaded query={query}>
        {({ items }) =>
          items.length ? (
            <Stack gap="xs">
              {items.map((channel) => (
                <Channel
                  key={channel.id}
                  channel={channel}
                  edit={() => setEditing(channel)}
                  showSecret={setSecret}
                />
              ))}
            </Stack>
          ) : (
            <Card>
              <Empty title={t("No channel yet")}>{t("Nobody outside is told anything.")}</Empty>
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}

/** A new channel, or another shape of one. */
function ChannelForm({
  channel,
  done,
}: {
  channel: NotificationChannelInfo | null;
  done: (secret: string) => void;
}) {
  const [draft, setDraft] = useState(channel ? { ...EMPTY, ...channel, address: "" } : EMPTY);
  const set = (changed: Partial<typeof EMPTY>) => setDraft({ ...draft, ...changed });
  const saved = (secret: string) => {
    setDraft(EMPTY);
    notify(t("Saved"));
    done(secret);
  };
  const create = api.useMutation("post", "/api/v1/admin/notification-channels", {
    meta: { quiet: true },
    onSuccess: (made) => saved(made.secret ?? ""),
  });
  const update = api.useMutation("patch", "/api/v1/admin/notification-channels/{channel_id}", {
    meta: { quiet: true },
    onSuccess: () => saved(""),
  });
  const error = create.error ?? update.error;
  const fields = error instanceof ApiError ? error.fields : {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { name, kind, address, events, competition_id, enabled } = draft;
    const common = { name, events, competition_id, enabled };
    if (channel)
      update.mutate({
        params: { path: { channel_id: channel.id } },
        body: address ? { ...common, address } : common, // an empty one stays
      });
    else create.mutate({ body: { ...common, kind, address } });
  };
  return (
    <Card>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Group align="flex-start">
            <TextInput
              className="grow"
              label={t("Name")}
              value={draft.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
              maxLength={100}
              required
              withAsterisk={false}
            />
            <NativeSelect
              label={t("Kind")}
              value={draft.kind}
              onChange={(event) => set({ kind: event.currentTarget.value as "service" })}
              disabled={Boolean(channel)}
              data={[
                { value: "service", label: t("Service") },
                { value: "webhook", label: t("Webhook, signed") },
              ]}
            />
            <CompetitionSelect
              label={t("Competition")}
              none={t("all")}
              value={draft.competition_id}
              change={(competition_id) => set({ competition_id })}
            />
          </Group>
          <TextInput
            label={t("Address")}
            description={
              draft.kind === "service"
                ? t("As Apprise writes it: discord://…, slack://…, tgram://…, mailto://…")
                : t("A URL that takes a POST of JSON")
            }
            placeholder={channel?.address}
            value={draft.address}
            onChange={(event) => set({ address: event.currentTarget.value.trim() })}
            maxLength={2000}
            autoComplete="off"
            spellCheck={false}
            required={!channel}
            withAsterisk={false}
            error={fields.address}
          />
          <Checkbox.Group
            label={t("Events")}
            value={draft.events}
            onChange={(events) => set({ events: events as ChannelEvent[] })}
            error={fields.events}
          >
            <Group gap="sm" mt={4}>
              {Object.entries(EVENTS).map(([name, words]) => (
                <Checkbox key={name} value={name} label={t(words)} />
              ))}
            </Group>
          </Checkbox.Group>
          <Switch
            label={t("Enabled")}
            checked={draft.enabled}
            onChange={(event) => set({ enabled: event.currentTarget.checked })}
          />
          {error && !fields.address && !fields.events ? <Failure error={error} /> : null}
          <Group>
            <Button type="submit" loading={create.isPending || update.isPending}>
              {channel ? t("Save") : t("Add")}
            </Button>
            {channel && (
              <Button variant="default" onClick={() => done("")}>
                {t("Cancel")}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Channel({
  channel,
  edit,
  showSecret,
}: {
  channel: NotificationChannelInfo;
  edit: () => void;
  showSecret: (secret: string) => void;
}) {
  const at = { params: { path: { channel_id: channel.id } } };
  const remove = api.useMutation("delete", "/api/v1/admin/notification-channels/{channel_id}");
  const renew = api.useMutation("post", "/api/v1/admin/notification-channels/{channel_id}/secret", {
    onSuccess: (made) => showSecret(made.secret ?? ""),
  });
  // What came back is the channel's own last result, which is fetched again.
  const test = api.useMutation("post", "/api/v1/admin/notification-channels/{channel_id}/test");
  return (
    <Card component="article" p="sm">
      <Group justify="space-between" gap="xs">
        <div className="grow">
          <Group gap="xs">
            <Text fw={600} className="wrap">
              {channel.name}
            </Text>
            {!channel.enabled && (
              <Badge variant="light" color="gray" tt="none">
                {t("disabled")}
              </Badge>
            )}
            {channel.last_ok != null && <StateBadge state={channel.last_ok ? "ok" : "failed"} />}
          </Group>
          <Text size="sm" className="mono wrap">
            {channel.address}
          </Text>
          <Text size="xs" c="dimmed" className="wrap">
            {channel.events.map((name) => t(EVENTS[name])).join(" · ")}
            {channel.competition_title && ` · ${channel.competition_title}`}
          </Text>
          {channel.last_sent_at && (
            <Text size="xs" c="dimmed" className="wrap" role="status">
              <Ago at={channel.last_sent_at} />: {channel.last_said}
            </Text>
          )}
        </div>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            loading={test.isPending}
            onClick={() => test.mutate(at)}
          >
            {t("Send a test")}
          </Button>
          <Button size="xs" variant="default" onClick={edit}>
            {t("Edit")}
          </Button>
          {channel.kind === "webhook" && (
            <Confirm
              size="xs"
              label={t("New secret")}
              question={t("Give {name} another secret?", { name: channel.name })}
              act={() => renew.mutate(at)}
            >
              {t("The one before signs nothing any more.")}
            </Confirm>
          )}
          <Confirm
            size="xs"
            label={t("Delete")}
            question={t("Delete {title}?", { title: channel.name })}
            act={() => remove.mutate(at)}
          />
        </Group>
      </Group>
    </Card>
  );
}
