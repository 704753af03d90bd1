import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { Confirm } from "../components/Confirm";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { bytes, t } from "../i18n";

/** Shells that are open in instances, and what was recorded of earlier ones. */
export function Shells() {
  const me = useMe().data!;
  const mayLook = { enabled: me.role === "super_admin" };
  const sessions = api.useQuery("get", "/api/v1/admin/shell-sessions", {}, mayLook);
  const recordings = api.useQuery("get", "/api/v1/admin/shell-recordings", {}, mayLook);
  const close = api.useMutation("delete", "/api/v1/admin/shell-sessions/{session_id}");
  if (me.role !== "super_admin")
    return (
      <Page title={t("Shells")}>
        <Empty title={t("Only a super administrator sees shells")} />
      </Page>
    );
  return (
    <Page title={t("Shells")} lead={t("Opened from an instance's page; every one is recorded.")}>
      <Card>
        <Title order={2} size="h5" mb="xs">
          {t("Open now")}
        </Title>
        <Loaded query={sessions} height={60}>
          {(open) =>
            open.length ? (
              <Stack gap="xs">
                {open.map((session) => (
                  <Group key={session.session_id} justify="space-between" gap="xs">
                    <Text size="sm" className="wrap">
                      {session.super_admin_email} · {session.container} · {session.reason}
                    </Text>
                    <Confirm
                      size="xs"
                      label={t("Close")}
                      question={t("Close this shell?")}
                      act={() =>
                        close.mutate({ params: { path: { session_id: session.session_id } } })
                      }
                    />
                  </Group>
                ))}
              </Stack>
            ) : (
              <Text size="sm" c="dimmed">
                {t("None.")}
              </Text>
            )
          }
        </Loaded>
      </Card>
      <Card component="section" aria-label={t("Recordings")}>
        <Title order={2} size="h5" mb="xs">
          {t("Recordings")}
        </Title>
        <Loaded query={recordings} height={60}>
          {(found) =>
            found.length ? (
              <Stack gap="xs">
                {found.map((recording) => (
                  <Group key={recording.session_id} justify="space-between" gap="xs">
                    <A
                      to="/admin/shells/$sessionId"
                      params={{ sessionId: recording.session_id ?? "" }}
                      className="mono"
                    >
                      {recording.session_id}
                    </A>
                    <Text size="sm" c="dimmed">
                      {bytes(recording.size_bytes ?? 0)} · <Ago at={recording.modified_at_ts} />
                    </Text>
                  </Group>
                ))}
              </Stack>
            ) : (
              <Text size="sm" c="dimmed">
                {t("None.")}
              </Text>
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}
