import { Button, Card, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, type TeamDetail } from "../api/client";
import { Confirm } from "../components/Confirm";
import { A } from "../components/links";
import { notify } from "../components/toasts";
import { t } from "../i18n";

/** Who is on a team; whoever runs the competition takes people off, and moves others here. */
export function TeamMembers({ team }: { team: TeamDetail }) {
  const [who, setWho] = useState("");
  const path = { competition_id: team.competition_id ?? "", team_id: team.id };
  const move = api.useMutation(
    "put",
    "/api/v1/admin/competitions/{competition_id}/teams/{team_id}/members/{user}",
    {
      onSuccess: () => {
        setWho("");
        notify(t("They are on this team now"));
      },
    },
  );
  const remove = api.useMutation(
    "delete",
    "/api/v1/admin/competitions/{competition_id}/teams/{team_id}/members/{user}",
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    move.mutate({ params: { path: { ...path, user: who.trim() } } });
  };
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Members")}
      </Title>
      <Stack gap="xs">
        {team.members.map(({ user_id, display_name }) => (
          <Group key={user_id} justify="space-between" wrap="nowrap">
            <A to="/admin/users/$userId" params={{ userId: user_id }} size="sm" className="wrap">
              {display_name}
            </A>
            <Confirm
              size="compact-xs"
              danger
              label={t("Remove")}
              question={t("Take {name} off this team?", { name: display_name ?? "" })}
              act={() => remove.mutate({ params: { path: { ...path, user: user_id } } })}
            >
              {t("What they did stays with the team.")}
            </Confirm>
          </Group>
        ))}
        {team.members.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("Everybody left this team.")}
          </Text>
        )}
        {team.members.length > 0 && (
          <form onSubmit={submit}>
            <Stack gap="xs">
              <TextInput
                label={t("Put somebody on this team")}
                description={t("By e-mail address; from the team that they are on, if any")}
                value={who}
                onChange={(event) => setWho(event.currentTarget.value)}
                required
                withAsterisk={false}
              />
              <Button type="submit" variant="default" loading={move.isPending}>
                {t("Put on this team")}
              </Button>
            </Stack>
          </form>
        )}
      </Stack>
    </Card>
  );
}
