import {
  Alert,
  Button,
  Card,
  Checkbox,
  Group,
  Modal,
  NativeSelect,
  PasswordInput,
  Radio,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { type AdminUserInfo, api, type SignInLink } from "../api/client";
import { useMe } from "../api/me";
import { Confirm } from "../components/Confirm";
import { Copy } from "../components/Copy";
import { notify } from "../components/toasts";
import { moment, t } from "../i18n";
import { ROLES } from "./roles";

const values = (event: FormEvent<HTMLFormElement>) => {
  event.preventDefault();
  return Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
};

/** A link that works once: where it was mailed to, or the link itself, shown this once. */
export function LinkShown({ link }: { link: SignInLink }) {
  return (
    <Alert title={link.mailed ? t("A link is on its way") : t("A link that works once")}>
      {link.mailed ? (
        <Text size="sm" className="wrap">
          {link.email}
        </Text>
      ) : (
        <Stack gap={4}>
          <Text size="sm">
            {t("Hand it over: it sets the password and signs in. It is not shown again.")}{" "}
            {link.expires_at && t("Valid until {time}", { time: moment(link.expires_at) })}
          </Text>
          <Copy text={link.url ?? ""} label={t("Link")} />
        </Stack>
      )}
    </Alert>
  );
}

/** A button that makes an account: with a link that sets its password, or with a password. */
export function NewAccount() {
  const me = useMe().data!;
  const [opened, { open, close }] = useDisclosure(false);
  const [way, setWay] = useState("link");
  const create = api.useMutation("post", "/api/v1/admin/users", {
    onSuccess: ({ user }) => notify(t("There is an account now"), user.email),
  });
  const made = create.data;
  const done = () => {
    close();
    create.reset();
  };
  return (
    <>
      <Button onClick={open}>{t("New account")}</Button>
      <Modal opened={opened} onClose={done} title={t("New account")}>
        {made ? (
          <Stack>
            <Text className="wrap">
              {made.user.display_name} · {made.user.email}
            </Text>
            {made.link && <LinkShown link={made.link} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => create.reset()}>
                {t("Another one")}
              </Button>
              <Button onClick={done}>{t("Done")}</Button>
            </Group>
          </Stack>
        ) : (
          <form
            onSubmit={(event) => {
              const { email = "", display_name = "", role, password } = values(event);
              create.mutate({
                body: { email, display_name, role: role as "user", password: password || null },
              });
            }}
          >
            <Stack>
              <TextInput name="display_name" label={t("Display name")} maxLength={120} required />
              <TextInput name="email" type="email" label={t("E-mail")} required />
              {me.role === "super_admin" && (
                <NativeSelect
                  name="role"
                  label={t("Role")}
                  data={Object.entries(ROLES).map(([value, word]) => ({ value, label: t(word) }))}
                />
              )}
              <Radio.Group label={t("They sign in first with")} value={way} onChange={setWay}>
                <Group mt={4}>
                  <Radio value="link" label={t("a link that works once")} />
                  <Radio value="password" label={t("a password")} />
                </Group>
              </Radio.Group>
              {way === "password" && (
                <PasswordInput
                  name="password"
                  label={t("Password")}
                  description={t("At least twelve characters")}
                  autoComplete="new-password"
                  minLength={12}
                  required
                />
              )}
              <Button type="submit" loading={create.isPending}>
                {t("Create")}
              </Button>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}

/** How somebody signs in, as an operator changes it. */
export function SigningIn({ user }: { user: AdminUserInfo }) {
  const me = useMe().data!;
  if (user.role !== "user" && me.role !== "super_admin") return null;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <NameAndAddress user={user} />
      {user.id !== me.id && <Entrance user={user} />}
    </SimpleGrid>
  );
}

function NameAndAddress({ user }: { user: AdminUserInfo }) {
  const params = { path: { user_id: user.id } };
  const edit = api.useMutation("patch", "/api/v1/admin/users/{user_id}", {
    onSuccess: () => notify(t("Saved")),
  });
  return (
    <Card>
      <Title order={2} size="h5">
        {t("Name and address")}
      </Title>
      <form
        key={`${user.display_name} ${user.email}`}
        onSubmit={(event) => {
          const { email, display_name } = values(event);
          edit.mutate({ params, body: { email: email || null, display_name } });
        }}
      >
        <Stack gap="xs">
          <TextInput
            name="display_name"
            label={t("Display name")}
            defaultValue={user.display_name}
            maxLength={120}
            required
            withAsterisk={false}
          />
          <TextInput
            name="email"
            type="email"
            label={t("E-mail")}
            description={t("A new address is to be verified anew.")}
            defaultValue={user.email}
          />
          <Group>
            <Button type="submit" variant="default" loading={edit.isPending}>
              {t("Save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Entrance({ user }: { user: AdminUserInfo }) {
  const link = api.useMutation("post", "/api/v1/admin/users/links");
  const give = api.useMutation("put", "/api/v1/admin/users/{user_id}/password", {
    onSuccess: () => notify(t("The password is set")),
  });
  const reset = api.useMutation("delete", "/api/v1/admin/users/{user_id}/totp", {
    onSuccess: () => notify(t("Saved")),
  });
  const made = link.data?.links?.[0];
  return (
    <Card>
      <Title order={2} size="h5">
        {t("Signing in")}
      </Title>
      <Stack gap="xs">
        <Text size="sm" c="dimmed">
          {t("A link works once, for seven days; one made before stops working.")}
        </Text>
        <Group>
          <Button
            variant="default"
            loading={link.isPending}
            onClick={() => link.mutate({ body: { user_ids: [user.id] } })}
          >
            {t("New sign-in link")}
          </Button>
          <Button
            variant="default"
            loading={link.isPending}
            onClick={() => link.mutate({ body: { user_ids: [user.id], mail: false } })}
          >
            {t("Show one here")}
          </Button>
        </Group>
        {made && <LinkShown link={made} />}
        {user.totp_enabled && (
          <Group>
            <Confirm
              label={t("Turn off two-factor sign-in")}
              question={t("Turn off the two-factor sign-in of {name}?", {
                name: user.display_name ?? "",
              })}
              act={() => reset.mutate({ params: { path: { user_id: user.id } } })}
            >
              {t("Only for somebody who lost it: make sure that it is them who ask.")}
            </Confirm>
          </Group>
        )}
        <form
          onSubmit={(event) => {
            const form = event.currentTarget;
            const { password = "", ...also } = values(event);
            give.mutate(
              {
                params: { path: { user_id: user.id } },
                body: { new_password: password, revoke_identities: "identities" in also },
              },
              { onSuccess: () => form.reset() },
            );
          }}
        >
          <Stack gap="xs">
            <PasswordInput
              name="password"
              label={t("New password")}
              description={t("Sessions and API tokens end.")}
              autoComplete="new-password"
              minLength={12}
              required
              withAsterisk={false}
            />
            <Checkbox name="identities" label={t("Unlink every account elsewhere, too")} />
            <Group>
              <Button type="submit" variant="default" loading={give.isPending}>
                {t("Set the password")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Stack>
    </Card>
  );
}
