import { Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ApiError, api } from "../api/client";
import { StateBadge } from "../components/badges";
import { A } from "../components/links";
import { Markdown } from "../components/Markdown";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** Invitations, requests and announcements. */
export function Inbox() {
  const navigate = useNavigate();
  const query = api.useQuery("get", "/api/v1/me/inbox");
  const accept = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}/accept",
    {
      onError: (error, { params }) => {
        // What the competition asks is answered on its page; the invitation waits.
        if (error instanceof ApiError && error.code === "fields_missing")
          void navigate({ to: `/competitions/${params.path.competition_id}` as string });
      },
    },
  );
  const decline = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}/decline",
  );
  const approve = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}/approve",
  );
  const reject = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}/reject",
  );
  const withdraw = api.useMutation(
    "delete",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}",
  );
  const read = api.useMutation("post", "/api/v1/me/announcements/{announcement_id}/read");
  const readAll = api.useMutation("post", "/api/v1/me/announcements/read-all");
  const at = (item: { id: string; competition_id: string }) => ({
    params: { path: { competition_id: item.competition_id, invite_id: item.id } },
  });
  return (
    <Page title={t("Inbox")}>
      <Loaded query={query} height={240}>
        {(inbox) => {
          const empty =
            !inbox.incoming_invites.length &&
            !inbox.captain_requests.length &&
            !inbox.outgoing_requests.length &&
            !inbox.competition_invites.length &&
            !inbox.announcements.length;
          if (empty)
            return (
              <Card>
                <Empty title={t("Nothing new")}>
                  {t("Invitations, requests and announcements arrive here.")}
                </Empty>
              </Card>
            );
          return (
            <Stack>
              {inbox.incoming_invites.map((item) => (
                <Item
                  key={item.id}
                  at={item.created_at}
                  text={t("{captain} invites you to {team} in {competition}", {
                    captain: item.captain_display_name,
                    team: item.team_name,
                    competition: item.competition_title,
                  })}
                >
                  <Button size="xs" onClick={() => accept.mutate(at(item))}>
                    {t("Accept")}
                  </Button>
                  <Button size="xs" variant="default" onClick={() => decline.mutate(at(item))}>
                    {t("Decline")}
                  </Button>
                </Item>
              ))}
              {inbox.captain_requests.map((item) => (
                <Item
                  key={item.id}
                  at={item.created_at}
                  text={t("{name} asks to join {team} in {competition}", {
                    name: item.requester_display_name,
                    team: item.team_name,
                    competition: item.competition_title,
                  })}
                >
                  <Button size="xs" onClick={() => approve.mutate(at(item))}>
                    {t("Take in")}
                  </Button>
                  <Button size="xs" variant="default" onClick={() => reject.mutate(at(item))}>
                    {t("Turn down")}
                  </Button>
                </Item>
              ))}
              {inbox.outgoing_requests.map((item) => (
                <Item
                  key={item.id}
                  at={item.created_at}
                  text={t("You asked to join {team} in {competition}", {
                    team: item.team_name,
                    competition: item.competition_title,
                  })}
                >
                  <Button size="xs" variant="default" onClick={() => withdraw.mutate(at(item))}>
                    {t("Withdraw")}
                  </Button>
                </Item>
              ))}
              {inbox.competition_invites.map((item) => (
                <Item
                  key={item.competition_id}
                  at={item.invited_at}
                  text={t("You may take part in {competition}", {
                    competition: item.competition_title,
                  })}
                >
                  <A
                    to="/competitions/$competitionId"
                    params={{ competitionId: item.competition_id }}
                    size="sm"
                  >
                    {t("Look at it")}
                  </A>
                </Item>
              ))}
              {inbox.announcements.length > 0 && (
                <Group justify="space-between">
                  <Title order={2} size="h4">
                    {t("Announcements")}
                  </Title>
                  {Boolean(inbox.unread_announcement_count) && (
                    <Button size="xs" variant="default" onClick={() => readAll.mutate({})}>
                      {t("Mark all as read")}
                    </Button>
                  )}
                </Group>
              )}
              {inbox.announcements.map((item) => (
                <Card key={item.id} component="article">
                  <Group justify="space-between" gap="xs">
                    <Group gap="xs">
                      <StateBadge state={item.severity} />
                      <Text fw={item.is_read ? 400 : 700} className="wrap">
                        {item.title}
                      </Text>
                    </Group>
                    <Group gap="xs">
                      <Text size="xs" c="dimmed">
                        {[item.competition_title, item.team_name || item.bracket]
                          .filter(Boolean)
                          .map((name) => `${name} · `)}
                        <Ago at={item.starts_at ?? item.created_at} />
                      </Text>
                      {!item.is_read && (
                        <Button
                          size="compact-xs"
                          variant="default"
                          onClick={() =>
                            read.mutate({ params: { path: { announcement_id: item.id } } })
                          }
                        >
                          {t("Mark as read")}
                        </Button>
                      )}
                    </Group>
                  </Group>
                  <Markdown text={item.body} />
                </Card>
              ))}
            </Stack>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Item({ text, at, children }: { text: string; at: string | null; children: ReactNode }) {
  return (
    <Card p="sm">
      <Group justify="space-between" gap="xs">
        <div className="grow">
          <Text size="sm" className="wrap">
            {text}
          </Text>
          <Text size="xs" c="dimmed">
            <Ago at={at} />
          </Text>
        </div>
        <Group gap="xs">{children}</Group>
      </Group>
    </Card>
  );
}
