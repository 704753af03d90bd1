import {
  Alert,
  Button,
  Card,
  Group,
  NativeSelect,
  PasswordInput,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiError, api, http, type PlatformSettingInfo } from "../api/client";
import { Page } from "../components/Page";
import { Failure, Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { t } from "../i18n";
import { NumberInput } from "./inputs";

// Another host forgets the password, so it is saved before one.
const KEYS = [
  "smtp_host",
  "smtp_port",
  "smtp_username",
  "smtp_password",
  "smtp_tls",
  "smtp_from",
] as const;
type Key = (typeof KEYS)[number];
type Draft = Record<Key, string | number>;

/** The mail server, and whether it takes mails. */
export function Mail() {
  const query = api.useQuery("get", "/api/v1/admin/platform-settings");
  return (
    <Page title={t("Mail")} lead={t("Links to verify addresses and to set passwords are mailed.")}>
      <Loaded query={query} height={400}>
        {(settings) => {
          const mine = Object.fromEntries(
            settings.filter(({ key }) => KEYS.includes(key as Key)).map((one) => [one.key, one]),
          ) as Record<Key, PlatformSettingInfo>;
          return <Server settings={mine} />;
        }}
      </Loaded>
    </Page>
  );
}

function Server({ settings }: { settings: Record<Key, PlatformSettingInfo> }) {
  const start = Object.fromEntries(
    KEYS.map((key) => [key, settings[key].write_only ? "" : settings[key].value]),
  ) as Draft;
  const [edited, setEdited] = useState<Partial<Draft>>({});
  const draft = { ...start, ...edited };
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<{ key: Key; error: unknown } | null>(null);
  const test = api.useMutation("post", "/api/v1/admin/mail/test");
  const refetch = api.useQuery("get", "/api/v1/admin/platform-settings").refetch;
  const changed = KEYS.filter((key) => draft[key] !== start[key]);
  const set = (key: Key, value: string | number) => setEdited({ ...edited, [key]: value });
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailed(null);
    let last: Key = "smtp_host";
    try {
      for (const key of changed) {
        last = key;
        await http.PATCH("/api/v1/admin/platform-settings/{key}", {
          params: { path: { key } },
          body: { value: draft[key] },
        });
      }
      await refetch();
      setEdited({});
      notify(t("Saved"));
    } catch (error) {
      setFailed({ key: last, error });
      await refetch();
    } finally {
      setBusy(false);
    }
  };
  const toDefaults = async () => {
    for (const key of KEYS.filter((one) => settings[one].source === "db"))
      await http.DELETE("/api/v1/admin/platform-settings/{key}", { params: { path: { key } } });
    await refetch();
    setEdited({});
  };
  const wrong = (key: Key) =>
    failed?.key === key && failed.error instanceof ApiError ? failed.error.message : undefined;
  return (
    <Card>
      <form onSubmit={save}>
        <Stack gap="sm">
          <Group align="flex-start">
            <TextInput
              className="grow"
              label={t("Server")}
              description={t("Empty: no mail is sent")}
              value={draft.smtp_host}
              onChange={(event) => set("smtp_host", event.currentTarget.value.trim())}
              maxLength={255}
              error={wrong("smtp_host")}
            />
            <NumberInput
              label={t("Port")}
              description={t("Often 587 or 465")}
              value={draft.smtp_port}
              onChange={(value) => set("smtp_port", value)}
              min={1}
              max={65535}
              w={140}
              error={wrong("smtp_port")}
            />
            <NativeSelect
              label={t("Encryption")}
              description={t("Of the way to it")}
              value={draft.smtp_tls}
              onChange={(event) => set("smtp_tls", event.currentTarget.value)}
              data={["starttls", "tls", { value: "none", label: t("none") }]}
            />
          </Group>
          <Group align="flex-start">
            <TextInput
              className="grow"
              label={t("User name")}
              value={draft.smtp_username}
              onChange={(event) => set("smtp_username", event.currentTarget.value)}
              maxLength={255}
              autoComplete="off"
              error={wrong("smtp_username")}
            />
            <PasswordInput
              className="grow"
              label={t("Password")}
              placeholder={settings.smtp_password.value ? t("set, and never shown") : ""}
              value={draft.smtp_password}
              onChange={(event) => set("smtp_password", event.currentTarget.value)}
              maxLength={1024}
              autoComplete="new-password"
              error={wrong("smtp_password")}
            />
          </Group>
          <TextInput
            label={t("Sender")}
            value={draft.smtp_from}
            onChange={(event) => set("smtp_from", event.currentTarget.value)}
            maxLength={320}
            error={wrong("smtp_from")}
          />
          <Text size="sm" c="dimmed">
            {t("Another server is not told the password of the one before: give it again.")}
          </Text>
          {failed && !wrong(failed.key) ? <Failure error={failed.error} /> : null}
          <Group>
            <Button type="submit" loading={busy} disabled={!changed.length}>
              {t("Save")}
            </Button>
            <Button
              variant="default"
              loading={test.isPending}
              disabled={changed.length > 0 || !start.smtp_host}
              onClick={() => test.mutate({})}
            >
              {t("Send a test mail")}
            </Button>
            {KEYS.some((key) => settings[key].source === "db") && (
              <Button variant="default" onClick={() => void toDefaults()}>
                {t("Reset")}
              </Button>
            )}
          </Group>
          {test.data && (
            <Alert
              color={test.data.ok ? "green" : "red"}
              title={
                test.data.ok
                  ? t("{server} took a mail to {address}", {
                      server: test.data.server,
                      address: test.data.to,
                    })
                  : t("{server} took no mail to {address}", {
                      server: test.data.server,
                      address: test.data.to,
                    })
              }
            >
              <span className="wrap">{test.data.said}</span>
            </Alert>
          )}
        </Stack>
      </form>
    </Card>
  );
}
