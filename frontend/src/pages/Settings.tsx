import {
  Alert,
  Button,
  Card,
  Checkbox,
  Group,
  NativeSelect,
  PasswordInput,
  Stack,
  Switch,
  Tabs,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, type CreateFineGrainedTokenRequest, type TokenInfo } from "../api/client";
import { signOut, useMe } from "../api/me";
import { Confirm } from "../components/Confirm";
import { Copy } from "../components/Copy";
import { useFilters } from "../components/filters";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { told } from "../components/toasts";
import { LANGUAGES, type Language, language, type Message, speak, t } from "../i18n";

/** One's profile, tokens, sessions, ways to sign in, and data. */
export function Settings() {
  const [{ tab = "profile" }, change] = useFilters();
  return (
    <Page title={t("Settings")} size="md">
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="profile">{t("Profile")}</Tabs.Tab>
          <Tabs.Tab value="tokens">{t("API tokens")}</Tabs.Tab>
          <Tabs.Tab value="sessions">{t("Sessions")}</Tabs.Tab>
          <Tabs.Tab value="signing-in">{t("Signing in")}</Tabs.Tab>
          <Tabs.Tab value="data">{t("Your data")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="profile">
          <Profile />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <Tokens />
        </Tabs.Panel>
        <Tabs.Panel value="sessions">
          <Sessions />
        </Tabs.Panel>
        <Tabs.Panel value="signing-in">
          <SigningIn />
        </Tabs.Panel>
        <Tabs.Panel value="data">
          <Data />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

const FIELDS = {
  bio: "Bio",
  country: "Country",
  website_url: "Website",
  timezone: "Time zone",
  social_links: "Links",
  last_active_at: "When you were active",
} as const satisfies Record<string, Message>;

function Profile() {
  const me = useMe().data!;
  const [links, setLinks] = useState(
    Object.entries(me.social_links ?? {})
      .map((pair) => pair.join(" "))
      .join("\n"),
  );
  const save = api.useMutation("patch", "/api/v1/me/profile", {
    onSuccess: () => told(t("Saved")),
  });
  const show = api.useMutation("patch", "/api/v1/me/profile/visibility");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    const pairs = links.split("\n").map((line) => line.trim().split(/\s+/));
    save.mutate({
      body: {
        display_name: values.display_name,
        bio: values.bio,
        country: values.country,
        website_url: values.website_url,
        timezone: values.timezone,
        social_links: Object.fromEntries(pairs.filter(([, url]) => url)) as Record<string, string>,
      },
    });
  };
  return (
    <Stack>
      <Card>
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              name="display_name"
              label={t("Display name")}
              defaultValue={me.display_name}
              required
              withAsterisk={false}
            />
            <Textarea
              name="bio"
              label={t("Bio")}
              defaultValue={me.bio ?? ""}
              autosize
              minRows={2}
            />
            <Group grow align="flex-start">
              <TextInput
                name="country"
                label={t("Country")}
                description={t("Two letters, such as FR")}
                defaultValue={me.country ?? ""}
                maxLength={2}
              />
              <TextInput
                name="timezone"
                label={t("Time zone")}
                description={t("Such as Europe/Paris")}
                defaultValue={me.timezone ?? ""}
              />
            </Group>
            <TextInput
              name="website_url"
              type="url"
              label={t("Website")}
              defaultValue={me.website_url ?? ""}
            />
            <Textarea
              label={t("Links")}
              description={t("One a line: a name, a space, the address")}
              value={links}
              onChange={(event) => setLinks(event.currentTarget.value)}
              autosize
              minRows={2}
            />
            <Group>
              <Button type="submit" loading={save.isPending}>
                {t("Save")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Card>
      <Card>
        <Stack gap="xs">
          <Text fw={600}>{t("What others see")}</Text>
          {Object.entries(FIELDS).map(([name, word]) => (
            <Switch
              key={name}
              label={t(word)}
              checked={me.profile_visibility?.[name] ?? true}
              onChange={(event) => show.mutate({ body: { [name]: event.currentTarget.checked } })}
            />
          ))}
        </Stack>
      </Card>
      <Card>
        <NativeSelect
          label={t("Language")}
          value={language}
          onChange={(event) => speak(event.currentTarget.value as Language)}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          maw={240}
        />
      </Card>
    </Stack>
  );
}

function useTokens(kind: "api" | "session") {
  const query = api.useQuery("get", "/api/v1/auth/tokens", { params: { query: { limit: 500 } } });
  const wanted = (token: TokenInfo) => (token.kind === "user") === (kind === "session");
  return { query, mine: query.data?.items.filter(wanted) ?? [] };
}

const LEVELS = { none: "none", read: "read", write: "read and write" } as const satisfies Record<
  string,
  Message
>;

function Tokens() {
  const { query, mine } = useTokens("api");
  const [minted, setMinted] = useState("");
  const revoke = api.useMutation("delete", "/api/v1/auth/tokens/{token_id}");
  return (
    <Stack>
      {minted && (
        <Alert color="green" title={t("Your new token, shown this once")} role="status">
          <Copy text={minted} label={t("token")} />
        </Alert>
      )}
      <Mint done={setMinted} />
      <Loaded query={query}>
        {() =>
          mine.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t("No API token yet. Agents and scripts sign in with one.")}
            </Text>
          ) : (
            <Stack gap="xs">
              {mine.map((token) => (
                <Card key={token.id} p="sm">
                  <Group justify="space-between" gap="xs">
                    <div className="grow">
                      <Text fw={600} className="wrap">
                        {token.label || t("Token without a label")}
                      </Text>
                      <Text size="xs" c="dimmed" className="wrap">
                        {Object.entries(token.permissions)
                          .filter(([, level]) => level !== "none")
                          .map(([scope, level]) => `${scope}:${level}`)
                          .join(", ")}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {t("made")} <Ago at={token.created_at} /> · {t("used")}{" "}
                        {token.last_used_at ? <Ago at={token.last_used_at} /> : t("never")} ·{" "}
                        {t("expires")}{" "}
                        {token.expires_at ? <Ago at={token.expires_at} /> : t("never")}
                      </Text>
                    </div>
                    <Confirm
                      size="xs"
                      label={t("Revoke")}
                      question={t("Revoke this token?")}
                      act={() => revoke.mutate({ params: { path: { token_id: token.id } } })}
                    >
                      {t("Whatever uses it is signed out at once.")}
                    </Confirm>
                  </Group>
                </Card>
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Stack>
  );
}

function Mint({ done }: { done: (token: string) => void }) {
  const me = useMe().data!;
  const scopes = api.useQuery("get", "/api/v1/auth/tokens/scopes");
  const [label, setLabel] = useState("");
  const [life, setLife] = useState("30");
  const [only, setOnly] = useState<string[]>([]);
  const [levels, setLevels] = useState<Record<string, string>>({
    challenges: "read",
    submissions: "write",
    instances: "write",
    scoreboard: "read",
    teams: "write",
  });
  const mint = api.useMutation("post", "/api/v1/auth/tokens", {
    onSuccess: ({ token }) => {
      done(token);
      setLabel("");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body: CreateFineGrainedTokenRequest = {
      label,
      expires_in_days: Number(life) || null,
      competition_access: only.length ? "selected" : "all",
      competition_ids: only,
      permissions: levels as never,
    };
    mint.mutate({ body });
  };
  return (
    <Card>
      <form onSubmit={submit}>
        <Stack>
          <Group grow align="flex-end">
            <TextInput
              label={t("Label")}
              placeholder={t("What it is for")}
              value={label}
              onChange={(event) => setLabel(event.currentTarget.value)}
              required
              withAsterisk={false}
            />
            <NativeSelect
              label={t("Expires after")}
              value={life}
              onChange={(event) => setLife(event.currentTarget.value)}
              data={[
                ...[7, 30, 90, 365].map((days) => ({
                  value: String(days),
                  label: t("{n} day|{n} days", { n: days }),
                })),
                { value: "0", label: t("never") },
              ]}
            />
          </Group>
          <Loaded query={scopes} height={200}>
            {({ categories }) => (
              <Stack gap={4}>
                {categories.map((scope) => (
                  <Group key={scope.key} justify="space-between" wrap="nowrap" gap="xs">
                    <div>
                      <Text size="sm" fw={600}>
                        {scope.label}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {scope.description}
                      </Text>
                    </div>
                    <NativeSelect
                      size="xs"
                      aria-label={scope.label}
                      value={levels[scope.key] ?? "none"}
                      onChange={(event) =>
                        setLevels({ ...levels, [scope.key]: event.currentTarget.value })
                      }
                      data={(["none", "read", "write"] as const)
                        .filter((level) => level !== "write" || scope.max_level === "write")
                        .map((level) => ({ value: level, label: t(LEVELS[level]) }))}
                    />
                  </Group>
                ))}
              </Stack>
            )}
          </Loaded>
          {me.competition_teams.length > 0 && (
            <Checkbox.Group
              value={only}
              onChange={setOnly}
              label={t("Only in these competitions")}
              description={t("None chosen: in all")}
            >
              <Stack gap={4} mt={4}>
                {me.competition_teams.map(({ competition_id, competition_title }) => (
                  <Checkbox key={competition_id} value={competition_id} label={competition_title} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          <Group>
            <Button type="submit" loading={mint.isPending}>
              {t("Make a token")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Sessions() {
  const { query, mine } = useTokens("session");
  const revoke = api.useMutation("delete", "/api/v1/auth/tokens/{token_id}");
  const others = api.useMutation("delete", "/api/v1/auth/tokens/others");
  return (
    <Stack>
      <Group>
        <Confirm
          label={t("Sign out everywhere else")}
          question={t("Sign out everywhere else?")}
          act={() => others.mutate({})}
        >
          {t("Every other session ends, and every API token is revoked.")}
        </Confirm>
      </Group>
      <Loaded query={query}>
        {() => (
          <Stack gap="xs">
            {mine.map((session) => (
              <Card key={session.id} p="sm">
                <Group justify="space-between" gap="xs">
                  <div className="grow">
                    <Text size="sm" className="wrap">
                      {session.user_agent || t("Unknown device")}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {session.ip_address} · {t("used")}{" "}
                      <Ago at={session.last_used_at ?? session.created_at} />
                    </Text>
                  </div>
                  {session.is_current ? (
                    <Text size="sm" c="dimmed">
                      {t("this session")}
                    </Text>
                  ) : (
                    <Button
                      size="xs"
                      variant="default"
                      onClick={() => revoke.mutate({ params: { path: { token_id: session.id } } })}
                    >
                      {t("End")}
                    </Button>
                  )}
                </Group>
              </Card>
            ))}
          </Stack>
        )}
      </Loaded>
    </Stack>
  );
}

function SigningIn() {
  const identities = api.useQuery("get", "/api/v1/auth/identities");
  const providers = api.useQuery("get", "/api/v1/auth/providers").data?.providers ?? [];
  const unlink = api.useMutation("delete", "/api/v1/auth/identities/{identity_id}");
  const link = api.useMutation("post", "/api/v1/auth/identities/link/{provider}", {
    onSuccess: ({ authorize_url }) => window.location.assign(authorize_url),
  });
  const password = api.useMutation("post", "/api/v1/auth/password", {
    onSuccess: () => told(t("The password is set"), t("Every other session has ended.")),
  });
  const me = useMe().data!;
  const send = api.useMutation("post", "/api/v1/auth/email/send-verification", {
    onSuccess: () => told(t("A link is on its way")),
  });
  return (
    <Stack>
      <Card>
        <Group justify="space-between">
          <Text size="sm" className="wrap">
            {me.email}
          </Text>
          {me.email_verified ? (
            <Text size="sm" c="dimmed">
              {t("verified")}
            </Text>
          ) : (
            <Button size="xs" variant="default" onClick={() => send.mutate({})}>
              {t("Verify")}
            </Button>
          )}
        </Group>
      </Card>
      <Card>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const form = event.currentTarget;
            const values = Object.fromEntries(new FormData(form)) as Record<string, string>;
            password.mutate(
              {
                body: {
                  current_password: values.current ?? "",
                  new_password: values.next ?? "",
                },
              },
              { onSuccess: () => form.reset() },
            );
          }}
        >
          <Stack>
            <Text fw={600}>{t("Password")}</Text>
            <input type="text" autoComplete="username" defaultValue={me.email} hidden readOnly />
            <PasswordInput
              name="current"
              label={t("Current password")}
              autoComplete="current-password"
            />
            <PasswordInput
              name="next"
              label={t("New password")}
              autoComplete="new-password"
              minLength={8}
              required
              withAsterisk={false}
            />
            <Group>
              <Button type="submit" variant="default" loading={password.isPending}>
                {t("Set the password")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Card>
      <Card>
        <Stack gap="xs">
          <Text fw={600}>{t("Linked accounts")}</Text>
          <Loaded query={identities} height={40}>
            {({ items }) => (
              <>
                {items.length === 0 && (
                  <Text size="sm" c="dimmed">
                    {t("None yet.")}
                  </Text>
                )}
                {items.map((identity) => (
                  <Group key={identity.id} justify="space-between">
                    <Text size="sm" className="wrap">
                      {identity.provider} · {identity.provider_login || identity.provider_email}
                    </Text>
                    <Confirm
                      size="compact-xs"
                      label={t("Unlink")}
                      question={t("Unlink {name}?", { name: identity.provider })}
                      act={() => unlink.mutate({ params: { path: { identity_id: identity.id } } })}
                    />
                  </Group>
                ))}
              </>
            )}
          </Loaded>
          <Group gap="xs">
            {providers.map(({ name }) => (
              <Button
                key={name}
                size="xs"
                variant="default"
                onClick={() => link.mutate({ params: { path: { provider: name } } })}
              >
                {t("Link {name}", { name })}
              </Button>
            ))}
          </Group>
        </Stack>
      </Card>
    </Stack>
  );
}

function Data() {
  const me = useMe().data!;
  const remove = api.useMutation("delete", "/api/v1/me", { onSuccess: signOut });
  return (
    <Stack>
      <Card>
        <Stack gap="xs" align="flex-start">
          <Text fw={600}>{t("Export")}</Text>
          <Text size="sm" c="dimmed">
            {t("Everything the platform holds of you, as one file.")}
          </Text>
          <Button component="a" href="/api/v1/me/export" download variant="default">
            {t("Download")}
          </Button>
        </Stack>
      </Card>
      <Card>
        <Stack gap="xs" align="flex-start">
          <Text fw={600}>{t("Delete the account")}</Text>
          <Text size="sm" c="dimmed">
            {t("Your name and e-mail address are erased; what your teams solved stays theirs.")}
          </Text>
          <Confirm
            label={t("Delete")}
            question={t("Delete your account for good?")}
            type={me.display_name ?? ""}
            act={() => remove.mutate({ body: { confirm_display_name: me.display_name ?? "" } })}
          >
            {t("This cannot be undone.")}
          </Confirm>
        </Stack>
      </Card>
    </Stack>
  );
}
