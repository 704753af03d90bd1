import { Avatar, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { AchievementTile } from "../components/AchievementTile";
import { PublicAnswers } from "../components/Fields";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { StandingNotice } from "../components/StandingNotice";
import { Stats } from "../components/Stats";
import { Loaded } from "../components/states";
import { TeamAwards } from "../components/TeamAwards";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** A team as everybody sees it. */
export function Team() {
  const { teamId } = useParams({ from: "/framed/teams/$teamId" });
  const at = { params: { path: { team_id: teamId } } };
  const me = useMe().data;
  const query = api.useQuery("get", "/api/v1/teams/{team_id}", at);
  const stats = api.useQuery("get", "/api/v1/teams/{team_id}/profile-stats", at, {
    enabled: Boolean(me),
  });
  const achievements = api.useQuery("get", "/api/v1/teams/{team_id}/achievements", at);
  return (
    <Page
      title={query.data?.name ?? t("Team")}
      lead={query.data?.description}
      actions={
        me?.is_admin && (
          <ButtonLink to="/admin/teams/$teamId" params={{ teamId }} variant="default" size="xs">
            {t("Operate")}
          </ButtonLink>
        )
      }
    >
      {query.data && <StandingNotice team={query.data} />}
      <Loaded query={query} height={200}>
        {(team) => (
          <Card>
            {team.logo_url && <Avatar src={team.logo_url} radius="sm" size={64} mb="xs" />}
            <Text size="sm" c="dimmed" mb="xs">
              {t("{n} solve|{n} solves", { n: team.solves ?? 0 })} ·{" "}
              {t("{n} attempt|{n} attempts", { n: team.attempts ?? 0 })} · {t("active")}{" "}
              <Ago at={team.last_active_at} />
            </Text>
            <Stack gap="xs">
              {team.members.map((member) => (
                <Group key={member.user_id} gap="xs" wrap="nowrap">
                  <Avatar src={member.avatar_url || null} name={member.display_name} size={28} />
                  {me ? (
                    <A to="/users/$userId" params={{ userId: member.user_id }} className="wrap">
                      {member.display_name}
                    </A>
                  ) : (
                    <Text className="wrap">{member.display_name}</Text>
                  )}
                  {member.is_captain && (
                    <Text size="sm" c="dimmed">
                      {t("captain")}
                    </Text>
                  )}
                  <PublicAnswers answers={member.fields} />
                </Group>
              ))}
            </Stack>
          </Card>
        )}
      </Loaded>
      <TeamAwards teamId={teamId} />
      {me && <Stats query={stats} />}
      {Boolean(achievements.data?.items.length) && (
        <>
          <Title order={2} size="h4">
            {t("Achievements")}
          </Title>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
            {achievements.data!.items.map((achievement) => (
              <AchievementTile key={achievement.achievement_id} achievement={achievement} />
            ))}
          </SimpleGrid>
        </>
      )}
    </Page>
  );
}
