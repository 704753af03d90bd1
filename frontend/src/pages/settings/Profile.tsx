import {
  Button,
  Card,
  Group,
  NativeSelect,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api } from "../../api/client";
import { useMe } from "../../api/me";
import { Picture } from "../../components/Picture";
import { notify } from "../../components/toasts";
import { asItIs } from "../../components/Upload";
import { LANGUAGES, language, type Message, setLanguage, t } from "../../i18n";
import { Answers } from "./Answers";
import { countries } from "./countries";

const FIELDS = {
  bio: "Bio",
  country: "Country",
  website_url: "Website",
  timezone: "Time zone",
  social_links: "Links",
  last_active_at: "When you were active",
} as const satisfies Record<string, Message>;

/** The profile: name and picture, and what others see of it. */
export function Profile() {
  const me = useMe().data!;
  const [links, setLinks] = useState(
    Object.entries(me.social_links ?? {})
      .map((pair) => pair.join(" "))
      .join("\n"),
  );
  const save = api.useMutation("patch", "/api/v1/me/profile", {
    onSuccess: () => notify(t("Saved")),
  });
  const show = api.useMutation("patch", "/api/v1/me/profile/visibility");
  const picture = api.useMutation("put", "/api/v1/me/avatar");
  const noPicture = api.useMutation("delete", "/api/v1/me/avatar");
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
        <Picture
          url={me.avatar_url}
          name={me.display_name}
          busy={picture.isPending || noPicture.isPending}
          upload={(file) => picture.mutate(asItIs(file))}
          remove={() => noPicture.mutate({})}
        />
      </Card>
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
              <NativeSelect
                name="country"
                label={t("Country")}
                defaultValue={me.country ?? ""}
                data={[{ value: "", label: "–" }, ...countries()]}
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
      <Answers />
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
          onChange={(event) => setLanguage(event.currentTarget.value)}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          maw={240}
        />
      </Card>
    </Stack>
  );
}
