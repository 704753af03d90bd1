import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { api } from "../api/client";
import { signed, t } from "../i18n";
import { Ago } from "./time";

/** What the organisers gave a team or took off it, and why; nothing where there was none. */
export function TeamAwards({ teamId }: { teamId: string }) {
  const query = api.useQuery("get", "/api/v1/teams/{team_id}/awards", {
    params: { path: { team_id: teamId }, query: { limit: 200 } },
  });
  if (!query.data?.items.length) return null;
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Points from the organisers")}
      </Title>
      <Stack gap={6}>
        {query.data.items.map((award) => (
          <Group key={award.id} gap="sm" wrap="nowrap" align="flex-start">
            <Text size="sm" fw={600} className="digits" miw="4rem" ta="right">
              {signed(award.points ?? 0)}
            </Text>
            <Text size="sm" className="wrap grow">
              {[award.reason, award.description].filter(Boolean).join(" · ")}
            </Text>
            <Text size="xs" c="dimmed" miw="max-content">
              <Ago at={award.awarded_at} />
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
