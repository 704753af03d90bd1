import { Anchor, Avatar, Card, Group, Stack, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { PublicAnswers } from "../components/Fields";
import { ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Stats } from "../components/Stats";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { day, t } from "../i18n";

/** Only addresses of the web become links. */
const isWeb = (url: string) => /^https?:\/\//i.test(url);

/** A person as others see them. */
export function User() {
  const { userId } = useParams({ from: "/framed/player/users/$userId" });
  const me = useMe().data!;
  const at = { params: { path: { user_id: userId } } };
  const query = api.useQuery("get", "/api/v1/users/{user_id}", at);
  const stats = api.useQuery("get", "/api/v1/users/{user_id}/profile-stats", at);
  return (
    <Page
      title={query.data?.display_name ?? t("Profile")}
      actions={
        me.id === userId ? (
          <ButtonLink to="/settings" variant="default" size="xs">
            {t("Edit")}
          </ButtonLink>
        ) : (
          me.is_admin && (
            <ButtonLink to="/admin/users/$userId" params={{ userId }} variant="default" size="xs">
              {t("Operate")}
            </ButtonLink>
          )
        )
      }
    >
      <Loaded query={query} height={140}>
        {(user) => (
          <Card>
            <Group align="flex-start" wrap="nowrap">
              <Avatar src={user.avatar_url || null} name={user.display_name} size={64} />
              <Stack gap={4} className="grow">
                {user.bio && <Text className="wrap">{user.bio}</Text>}
                <Text size="sm" c="dimmed">
                  {[user.country, user.timezone, t("since {day}", { day: day(user.created_at) })]
                    .filter(Boolean)
                    .join(" · ")}
                </Text>
                <Text size="sm" c="dimmed">
                  {t("{n} solve|{n} solves", { n: user.solves ?? 0 })}
                  {user.last_active_at && (
                    <>
                      {" · "}
                      {t("active")} <Ago at={user.last_active_at} />
                    </>
                  )}
                </Text>
                <PublicAnswers answers={user.fields} />
                <Group gap="sm">
                  {[user.website_url ?? "", ...Object.values(user.social_links ?? {})]
                    .filter(Boolean)
                    .map((url) =>
                      isWeb(url) ? (
                        <Anchor
                          key={url}
                          href={url}
                          rel="noopener noreferrer nofollow"
                          target="_blank"
                          size="sm"
                          className="wrap"
                        >
                          {url.replace(/^https?:\/\//, "")}
                        </Anchor>
                      ) : (
                        <Text key={url} size="sm" className="wrap">
                          {url}
                        </Text>
                      ),
                    )}
                </Group>
              </Stack>
            </Group>
          </Card>
        )}
      </Loaded>
      <Stats query={stats} />
    </Page>
  );
}
