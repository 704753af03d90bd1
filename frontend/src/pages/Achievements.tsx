import { Card, SimpleGrid, Text, Title } from "@mantine/core";
import { api } from "../api/client";
import { AchievementTile } from "../components/AchievementTile";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** Achievements: those earned, those left, and what others just earned. */
export function Achievements() {
  const query = api.useQuery("get", "/api/v1/me/achievements");
  const recent = api.useQuery("get", "/api/v1/achievements/recent-unlocks", {
    params: { query: { limit: 10 } },
  });
  return (
    <Page title={t("Achievements")}>
      <Loaded query={query} height={400}>
        {({ unlocked, locked, summary }) => (
          <>
            <Text c="dimmed" size="sm">
              {t("{done} of {all} unlocked, {score} points", {
                done: summary.unlocked_count ?? 0,
                all: summary.total_count ?? 0,
                score: summary.score ?? 0,
              })}
            </Text>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {unlocked.map((achievement) => (
                <AchievementTile key={achievement.achievement_id} achievement={achievement} />
              ))}
              {locked.map((achievement) => (
                <AchievementTile key={achievement.id} achievement={achievement} />
              ))}
            </SimpleGrid>
          </>
        )}
      </Loaded>
      {Boolean(recent.data?.items.length) && (
        <Card>
          <Title order={2} size="h5" mb="xs">
            {t("Just unlocked")}
          </Title>
          {recent.data!.items.map((unlock) => (
            <Text key={`${unlock.team_id} ${unlock.achievement_id}`} size="sm" className="wrap">
              <A to="/teams/$teamId" params={{ teamId: unlock.team_id }}>
                {unlock.team_name}
              </A>
              {" · "}
              {unlock.name} · <Ago at={unlock.unlocked_at} />
            </Text>
          ))}
        </Card>
      )}
    </Page>
  );
}
