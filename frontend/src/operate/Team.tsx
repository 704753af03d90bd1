import {
  Button,
  Card,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { StandingNotice } from "../components/StandingNotice";
import { Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { t } from "../i18n";
import { ActivityTable } from "./Activity";
import { TeamPoints } from "./TeamPoints";
import { TeamStanding } from "./TeamStanding";

/** One team from the operators' side: members, achievements, attempts. */
export function Team() {
  const { teamId } = useParams({ from: "/framed/admin/teams/$teamId" });
  const path = { team_id: teamId };
  const query = api.useQuery("get", "/api/v1/teams/{team_id}", { params: { path } });
  return (
    <Page
      title={query.data?.name ?? t("Team")}
      kind={t("Team")}
      size="xl"
      actions={
        <>
          <ButtonLink to="/admin/instances" search={{ team: teamId }} variant="default">
            {t("Instances")}
          </ButtonLink>
          <ButtonLink to="/admin/records" search={{ team: teamId }} variant="default">
            {t("Records")}
          </ButtonLink>
          <ButtonLink
            to="/admin/competitions/$competitionId"
            params={{ competitionId: query.data?.competition_id ?? "" }}
            search={{ tab: "submissions", team: teamId }}
            variant="default"
          >
            {t("Submissions")}
          </ButtonLink>
          <ButtonLink to="/teams/$teamId" params={{ teamId }} variant="default">
            {t("Profile")}
          </ButtonLink>
        </>
      }
    >
      {query.data && <StandingNotice team={query.data} />}
      <SimpleGrid cols={{ base: 1, md: 3 }}>
        <Card>
          <Title order={2} size="h5" mb="xs">
            {t("Members")}
          </Title>
          <Loaded query={query} height={60}>
            {({ members }) => (
              <Stack gap={4}>
                {members.map((member) => (
                  <A
                    key={member.user_id}
                    to="/admin/users/$userId"
                    params={{ userId: member.user_id }}
                    size="sm"
                    className="wrap"
                  >
                    {member.display_name}
                  </A>
                ))}
              </Stack>
            )}
          </Loaded>
        </Card>
        {query.data && (
          <>
            <TeamPoints teamId={teamId} competitionId={query.data.competition_id ?? ""} />
            <TeamStanding key={`${query.data.name} ${query.data.bracket}`} team={query.data} />
          </>
        )}
        <Achievements teamId={teamId} />
        <Attempts teamId={teamId} />
      </SimpleGrid>
      <ActivityTable query={{ team_id: teamId }} />
    </Page>
  );
}

function Achievements({ teamId }: { teamId: string }) {
  const [chosen, setChosen] = useState("");
  const catalog = api.useQuery("get", "/api/v1/achievements/catalog", {
    params: { query: { limit: 500 } },
  });
  const earned = api.useQuery("get", "/api/v1/teams/{team_id}/achievements", {
    params: { path: { team_id: teamId } },
  });
  const grant = api.useMutation(
    "post",
    "/api/v1/admin/teams/{team_id}/achievements/{achievement_id}",
    { onSuccess: () => notify(t("Granted")) },
  );
  const revoke = api.useMutation(
    "delete",
    "/api/v1/admin/teams/{team_id}/achievements/{achievement_id}",
  );
  const at = (achievement_id: string) => ({
    params: { path: { team_id: teamId, achievement_id } },
  });
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Achievements")}
      </Title>
      <Stack gap={4}>
        {earned.data?.items.map((item) => (
          <Group key={item.achievement_id} justify="space-between">
            <Text size="sm">{item.name}</Text>
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => revoke.mutate(at(item.achievement_id))}
            >
              {t("Revoke")}
            </Button>
          </Group>
        ))}
        <Group align="flex-end" wrap="nowrap">
          <NativeSelect
            className="grow"
            label={t("Grant one")}
            value={chosen}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data={[
              { value: "", label: "–" },
              ...(catalog.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
          <Button variant="default" disabled={!chosen} onClick={() => grant.mutate(at(chosen))}>
            {t("Grant")}
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

function Attempts({ teamId }: { teamId: string }) {
  const [values, setValues] = useState({ challenge: "", question: "", reason: "" });
  const reset = api.useMutation(
    "post",
    "/api/v1/admin/teams/{team_id}/questions/{challenge_id}/{question_id}/reset-attempts",
    { onSuccess: () => notify(t("The attempts count anew")) },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const path = { team_id: teamId, challenge_id: values.challenge, question_id: values.question };
    reset.mutate({ params: { path }, body: { reason: values.reason } });
  };
  const field = (name: keyof typeof values, label: string) => (
    <TextInput
      label={label}
      value={values[name]}
      onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
      required
      withAsterisk={false}
    />
  );
  return (
    <Card>
      <form onSubmit={submit}>
        <Stack gap="xs">
          <Title order={2} size="h5">
            {t("Give attempts back")}
          </Title>
          {field("challenge", t("Challenge id"))}
          {field("question", t("Question id"))}
          {field("reason", t("Reason"))}
          <Button type="submit" variant="default" loading={reset.isPending}>
            {t("Reset")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
