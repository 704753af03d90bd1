import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { api } from "../../api/client";
import { Confirm } from "../../components/Confirm";
import { Loaded } from "../../components/states";
import { Ago } from "../../components/time";
import { t } from "../../i18n";
import { useTokens } from "./useTokens";

/** The account's sessions, each to be ended. */
export function Sessions() {
  const { query, mine } = useTokens("session");
  const revoke = api.useMutation("delete", "/api/v1/auth/tokens/{token_id}");
  const others = api.useMutation("delete", "/api/v1/auth/tokens/others");
  return (
    <Stack>
      <Group>
        <Confirm
          label={t("Sign out everywhere else")}
          question={t("Sign out everywhere else?")}
          act={() => others.mutate({})}
        >
          {t("Every other session ends, and every API token is revoked.")}
        </Confirm>
      </Group>
      <Loaded query={query}>
        {() => (
          <Stack gap="xs">
            {mine.map((session) => (
              <Card key={session.id} p="sm">
                <Group justify="space-between" gap="xs">
                  <div className="grow">
                    <Text size="sm" className="wrap">
                      {session.user_agent || t("Unknown device")}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {session.ip_address} · {t("used")}{" "}
                      <Ago at={session.last_used_at ?? session.created_at} />
                    </Text>
                  </div>
                  {session.is_current ? (
                    <Text size="sm" c="dimmed">
                      {t("this session")}
                    </Text>
                  ) : (
                    <Button
                      size="xs"
                      variant="default"
                      onClick={() => revoke.mutate({ params: { path: { token_id: session.id } } })}
                    >
                      {t("End")}
                    </Button>
                  )}
                </Group>
              </Card>
            ))}
          </Stack>
        )}
      </Loaded>
    </Stack>
  );
}
