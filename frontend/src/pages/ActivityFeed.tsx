import { Group, Stack, Text } from "@mantine/core";
import { type Activity, api } from "../api/client";
import { Sentence } from "../components/Sentence";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** The latest activities of a team or on a challenge, newest first. */
export function ActivityFeed({ query }: { query: { team_id?: string; challenge_id?: string } }) {
  const found = api.useQuery("get", "/api/v1/activities", {
    params: { query: { ...query, limit: 20 } },
  });
  return (
    <Loaded query={found} height={160}>
      {({ items }) =>
        items.length ? (
          <Stack gap={6}>
            {items.map((activity) => (
              <Line key={activity.id} activity={activity} />
            ))}
          </Stack>
        ) : (
          <Text size="sm" c="dimmed">
            {t("Nothing has happened yet.")}
          </Text>
        )
      }
    </Loaded>
  );
}

function Line({ activity }: { activity: Activity }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs">
      <Text size="sm" className="wrap">
        <Sentence activity={activity} />
      </Text>
      <Text size="xs" c="dimmed" className="digits" miw="max-content">
        <Ago at={activity.timestamp} />
      </Text>
    </Group>
  );
}
