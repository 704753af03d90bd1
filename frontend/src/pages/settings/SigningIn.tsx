import {
  Alert,
  Button,
  Card,
  Checkbox,
  Group,
  PasswordInput,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import { api, type PasswordSetResponse } from "../../api/client";
import { useMe } from "../../api/me";
import { Confirm } from "../../components/Confirm";
import { Loaded } from "../../components/states";
import { notify } from "../../components/toasts";
import { t } from "../../i18n";
import { TwoFactor } from "./TwoFactor";

/** What opens the account besides the password that was just set. */
function StillOpen({ left }: { left: PasswordSetResponse }) {
  const tokens = (left.tokens ?? []).map(({ label, id }) => label || id);
  const identities = (left.identities ?? []).map(({ provider }) => provider);
  if (!tokens.length && !identities.length) return null;
  return (
    <Alert color="orange" role="status" title={t("This still opens your account")}>
      {tokens.length > 0 && (
        <Text size="sm" className="wrap">
          {t("API tokens")}: {tokens.join(", ")}
        </Text>
      )}
      {identities.length > 0 && (
        <Text size="sm" className="wrap">
          {t("Linked accounts")}: {identities.join(", ")}
        </Text>
      )}
    </Alert>
  );
}

/** The ways to sign in: address, password, linked accounts. */
export function SigningIn() {
  const identities = api.useQuery("get", "/api/v1/auth/identities");
  const providers = api.useQuery("get", "/api/v1/auth/providers").data?.providers ?? [];
  const totp = api.useQuery("get", "/api/v1/auth/totp").data;
  const [code, setCode] = useState("");
  const unlink = api.useMutation("delete", "/api/v1/auth/identities/{identity_id}");
  const link = api.useMutation("post", "/api/v1/auth/identities/link/{provider}", {
    onSuccess: ({ authorize_url }) => window.location.assign(authorize_url),
  });
  const password = api.useMutation("post", "/api/v1/auth/password", {
    onSuccess: () => {
      notify(t("The password is set"), t("Every other session has ended."));
      void identities.refetch();
    },
  });
  const me = useMe().data!;
  const send = api.useMutation("post", "/api/v1/auth/email/send-verification", {
    onSuccess: () => notify(t("A link is on its way")),
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
        {!me.email_verified && (
          <Text size="sm" c="dimmed">
            {t("Invitations to this address wait until it is verified.")}
          </Text>
        )}
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
                  revoke_tokens: "tokens" in values,
                  revoke_identities: "identities" in values,
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
            <Checkbox name="tokens" label={t("Revoke every API token, too")} />
            <Checkbox name="identities" label={t("Unlink every account elsewhere, too")} />
            <Group>
              <Button type="submit" variant="default" loading={password.isPending}>
                {t("Set the password")}
              </Button>
            </Group>
            {password.data && <StillOpen left={password.data} />}
          </Stack>
        </form>
      </Card>
      <TwoFactor />
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
          {providers.length > 0 && totp?.enabled && (
            <TextInput
              label={t("Code, or a recovery code")}
              description={t("What is linked opens this account without one.")}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              autoComplete="one-time-code"
            />
          )}
          <Group gap="xs">
            {providers.map(({ name }) => (
              <Button
                key={name}
                size="xs"
                variant="default"
                onClick={() =>
                  link.mutate({ params: { path: { provider: name } }, body: { totp_code: code } })
                }
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
