import { Button, Card, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { api } from "../../api/client";
import { useMe } from "../../api/me";
import { Confirm } from "../../components/Confirm";
import { Loaded } from "../../components/states";
import { notify } from "../../components/toasts";
import { t } from "../../i18n";

/** The ways to sign in: address, password, linked accounts. */
export function SigningIn() {
  const identities = api.useQuery("get", "/api/v1/auth/identities");
  const providers = api.useQuery("get", "/api/v1/auth/providers").data?.providers ?? [];
  const unlink = api.useMutation("delete", "/api/v1/auth/identities/{identity_id}");
  const link = api.useMutation("post", "/api/v1/auth/identities/link/{provider}", {
    onSuccess: ({ authorize_url }) => window.location.assign(authorize_url),
  });
  const password = api.useMutation("post", "/api/v1/auth/password", {
    onSuccess: () => notify(t("The password is set"), t("Every other session has ended.")),
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
