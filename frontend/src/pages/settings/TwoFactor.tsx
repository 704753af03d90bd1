import {
  Alert,
  Button,
  Card,
  Code,
  Container,
  Group,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import type { FormEvent } from "react";
import { api } from "../../api/client";
import { signOut, useMe } from "../../api/me";
import { refresh } from "../../api/queries";
import { Copy } from "../../components/Copy";
import { useTitle } from "../../components/Page";
import { QrCode } from "../../components/QrCode";
import { Failure, Loaded } from "../../components/states";
import { notify } from "../../components/toasts";
import { t } from "../../i18n";

const values = (event: FormEvent<HTMLFormElement>) => {
  event.preventDefault();
  return Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
};

/** All that operators see where they need a second factor and have none yet. */
export function TwoFactorNeeded({ done }: { done: () => void }) {
  useTitle(t("Two-factor sign-in"));
  return (
    <Container size="sm" py="md">
      <Stack>
        <Title order={1} size="h3">
          {t("Two-factor sign-in")}
        </Title>
        <Alert color="orange">
          {t("Operators need two-factor sign-in here. Set it up to go on.")}
        </Alert>
        <TwoFactor done={done} />
        <Group>
          <Button variant="default" onClick={signOut}>
            {t("Sign out")}
          </Button>
        </Group>
      </Stack>
    </Container>
  );
}

/** Signing in with a code of an authenticator besides the password: on, off, recovery codes. */
export function TwoFactor({ done }: { done?: () => void }) {
  const state = api.useQuery("get", "/api/v1/auth/totp");
  const quiet = { meta: { quiet: true } };
  const setUp = api.useMutation("post", "/api/v1/auth/totp/setup", quiet);
  const confirm = api.useMutation("post", "/api/v1/auth/totp/confirm", quiet);
  const turnOff = api.useMutation("post", "/api/v1/auth/totp/disable", {
    ...quiet,
    onSuccess: async () => {
      notify(t("Two-factor sign-in is off"));
      await refresh("/api/v1/auth/totp");
    },
  });
  const finish = async () => {
    setUp.reset();
    confirm.reset();
    await refresh("/api/v1/auth/totp");
    done?.();
  };
  return (
    <Card component="section">
      <Stack>
        <Text fw={600}>{t("Two-factor sign-in")}</Text>
        <Loaded query={state} height={80}>
          {({ enabled, recovery_codes_left }) =>
            confirm.data ? (
              <RecoveryCodes codes={confirm.data.codes ?? []} finish={finish} />
            ) : enabled ? (
              <>
                <Text size="sm">
                  {t("It is on.")}{" "}
                  {t("{n} recovery code is left.|{n} recovery codes are left.", {
                    n: recovery_codes_left ?? 0,
                  })}
                </Text>
                <form
                  onSubmit={(event) => {
                    const { password = "", code = "" } = values(event);
                    turnOff.mutate({ body: { password, code } });
                  }}
                >
                  <Stack gap="xs">
                    <CurrentPassword />
                    <CodeInput label={t("Code, or a recovery code")} />
                    {turnOff.error && <Failure error={turnOff.error} />}
                    <Group>
                      <Button type="submit" variant="default" loading={turnOff.isPending}>
                        {t("Turn it off")}
                      </Button>
                    </Group>
                  </Stack>
                </form>
              </>
            ) : setUp.data ? (
              <form
                onSubmit={(event) => confirm.mutate({ body: { code: values(event).code ?? "" } })}
              >
                <Stack gap="xs">
                  <Text size="sm">
                    {t("Scan this with your authenticator, or type the secret into it:")}
                  </Text>
                  <div style={{ maxWidth: 220 }}>
                    <QrCode
                      text={setUp.data.uri ?? ""}
                      label={t("QR code for the authenticator")}
                    />
                  </div>
                  <Copy text={setUp.data.secret} label={t("secret")} />
                  <CodeInput label={t("The code that it shows")} />
                  {confirm.error && <Failure error={confirm.error} />}
                  <Group>
                    <Button type="submit" loading={confirm.isPending}>
                      {t("Turn it on")}
                    </Button>
                  </Group>
                </Stack>
              </form>
            ) : (
              <form
                onSubmit={(event) =>
                  setUp.mutate({ body: { password: values(event).password ?? "" } })
                }
              >
                <Stack gap="xs">
                  <Text size="sm" c="dimmed">
                    {t("After the password, a code of an app on your phone is asked for.")}
                  </Text>
                  <CurrentPassword />
                  {setUp.error && <Failure error={setUp.error} />}
                  <Group>
                    <Button type="submit" variant="default" loading={setUp.isPending}>
                      {t("Set it up")}
                    </Button>
                  </Group>
                </Stack>
              </form>
            )
          }
        </Loaded>
      </Stack>
    </Card>
  );
}

/** Asked for where there is one. */
function CurrentPassword() {
  const me = useMe().data!;
  if (!me.providers?.includes("password")) return null;
  return (
    <>
      <input type="text" autoComplete="username" defaultValue={me.email} hidden readOnly />
      <PasswordInput
        name="password"
        label={t("Current password")}
        autoComplete="current-password"
        required
        withAsterisk={false}
      />
    </>
  );
}

/** Where a code of an authenticator is typed. */
export function CodeInput({ label }: { label: string }) {
  return (
    <TextInput
      name="code"
      label={label}
      autoComplete="one-time-code"
      autoCapitalize="off"
      spellCheck={false}
      maxLength={64}
      required
      withAsterisk={false}
    />
  );
}

function RecoveryCodes({ codes, finish }: { codes: string[]; finish: () => void }) {
  return (
    <Stack gap="xs" role="status">
      <Text size="sm">
        {t("It is on.")}{" "}
        {t(
          "Keep these codes: each signs you in once, where the authenticator is lost. They are not shown again.",
        )}
      </Text>
      <Code block>{codes.join("\n")}</Code>
      <Group>
        <Button onClick={finish}>{t("I have kept them")}</Button>
      </Group>
    </Stack>
  );
}
