import "./Stats.css";
import { Card, Group, Progress, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ProfileStats } from "../api/client";
import { day, t } from "../i18n";
import { Loaded } from "./states";

/** A person's or team's solves: by day, by tag, by difficulty. */
export function Stats({
  query,
}: {
  query: { data?: ProfileStats; error: unknown; isLoading: boolean; refetch: () => unknown };
}) {
  return (
    <Loaded query={{ ...query, data: query.data }} height={160}>
      {({ calendar, by_tag, by_difficulty }) => (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Card>
            <Title order={2} size="h5" mb="xs">
              {t("Solves by day")}
            </Title>
            {calendar.length === 0 && (
              <Text size="sm" c="dimmed">
                {t("Nothing solved yet.")}
              </Text>
            )}
            <Group gap={3}>
              {calendar.slice(-120).map(({ date, count = 0 }) => (
                <span
                  key={date}
                  className="heat"
                  data-heat={Math.min(4, count)}
                  title={`${day(date)}: ${t("{n} solve|{n} solves", { n: count })}`}
                />
              ))}
            </Group>
          </Card>
          <Card>
            <Title order={2} size="h5" mb="xs">
              {t("Solved so far")}
            </Title>
            <Stack gap={6}>
              {by_difficulty.map(({ difficulty = "", solved = 0, total = 0 }) => (
                <Share key={difficulty} name={difficulty} solved={solved} total={total} />
              ))}
              {by_tag.slice(0, 8).map(({ tag = "", solved = 0, total = 0 }) => (
                <Share key={`tag ${tag}`} name={tag} solved={solved} total={total} />
              ))}
            </Stack>
          </Card>
        </SimpleGrid>
      )}
    </Loaded>
  );
}

function Share({ name, solved, total }: { name: string; solved: number; total: number }) {
  return (
    <div>
      <Group justify="space-between">
        <Text size="sm">{name}</Text>
        <Text size="sm" c="dimmed" className="digits">
          {solved}/{total}
        </Text>
      </Group>
      <Progress value={total ? (100 * solved) / total : 0} aria-label={name} size="sm" />
    </div>
  );
}
