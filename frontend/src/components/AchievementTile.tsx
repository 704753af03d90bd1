import { Badge, Card, Group, Progress, Text, ThemeIcon } from "@mantine/core";
import { IconLock, IconTrophy } from "@tabler/icons-react";
import type { AchievementCatalogEntry, TeamAchievement } from "../api/client";
import { t } from "../i18n";
import { Ago } from "./time";

const TIERS: Record<string, string> = {
  bronze: "orange",
  silver: "gray",
  gold: "yellow",
  platinum: "cyan",
};

/** An achievement: earned, or how far one is. */
export function AchievementTile({
  achievement,
}: {
  achievement: TeamAchievement | AchievementCatalogEntry;
}) {
  const at = "unlocked_at" in achievement ? achievement.unlocked_at : null;
  const progress = "progress" in achievement ? achievement.progress : null;
  return (
    <Card p="sm">
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <ThemeIcon
          variant="light"
          color={at ? (TIERS[achievement.tier] ?? "brand") : "gray"}
          size={36}
        >
          {at ? <IconTrophy size={20} /> : <IconLock size={18} />}
        </ThemeIcon>
        <div className="grow">
          <Group gap={6}>
            <Text fw={600} size="sm">
              {achievement.name}
            </Text>
            <Badge size="sm" variant="light" color="gray" radius="sm" tt="none">
              {achievement.tier}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {achievement.description}
          </Text>
          {at && (
            <Text size="xs" c="dimmed">
              <Ago at={at} /> ·{" "}
              {t("earned by {n} team|earned by {n} teams", { n: achievement.earned_by_count ?? 0 })}
            </Text>
          )}
          {progress && progress.target > 1 && (
            <Progress
              mt={4}
              size="sm"
              value={(100 * progress.current) / progress.target}
              aria-label={`${progress.current}/${progress.target}`}
            />
          )}
        </div>
      </Group>
    </Card>
  );
}
