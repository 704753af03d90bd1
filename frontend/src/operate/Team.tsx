import {
  Button,
  Card,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Tabs,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { api, type CompetitionDetail, type TeamDetail } from "../api/client";
import { EVENT_NAMES } from "../api/live";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Picture } from "../components/Picture";
import { StandingNotice } from "../components/StandingNotice";
import { Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { asItIs } from "../components/Upload";
import { asWords, t } from "../i18n";
import { ActivityTable } from "./Activity";
import { CompetitionSubmissions } from "./CompetitionSubmissions";
import { CompetitionWriteups } from "./CompetitionWriteups";
import { InstanceTable } from "./Instances";
import { TeamMembers } from "./TeamMembers";
import { TeamPoints } from "./TeamPoints";
import { TeamStanding } from "./TeamStanding";

/** One team from the operators' side: who it is, and everything that it did. */
export function Team() {
  const { teamId } = useParams({ from: "/framed/admin/teams/$teamId" });
  const path = { team_id: teamId };
  const query = api.useQuery("get", "/api/v1/teams/{team_id}", { params: { path } });
  const [{ tab = "overview" }, change] = useFilters();
  // What narrows one list does not narrow the next.
  const turn = (next: string | null) =>
    change({ ...CLEARED, tab: next === "overview" ? "" : (next ?? "") });
  return (
    <Page
      title={query.data?.name ?? t("Team")}
      kind={t("Team")}
      size="xl"
      actions={
        <>
          <ButtonLink to="/admin/records" search={{ team: teamId }} variant="default">
            {t("Records")}
          </ButtonLink>
          <ButtonLink to="/teams/$teamId" params={{ teamId }} variant="default">
            {t("Profile")}
          </ButtonLink>
        </>
      }
    >
      {query.data && <StandingNotice team={query.data} />}
      <Tabs value={tab} onChange={turn} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="overview">{t("Overview")}</Tabs.Tab>
          <Tabs.Tab value="submissions">{t("Submissions")}</Tabs.Tab>
          <Tabs.Tab value="instances">{t("Instances")}</Tabs.Tab>
          <Tabs.Tab value="hints">{t("Hints")}</Tabs.Tab>
          <Tabs.Tab value="writeups">{t("Write-ups")}</Tabs.Tab>
          <Tabs.Tab value="activity">{t("Activity")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <SimpleGrid cols={{ base: 1, md: 3 }}>
            <Loaded query={query} height={60}>
              {(team) => <TeamMembers team={team} />}
            </Loaded>
            {query.data && (
              <>
                <TeamPoints teamId={teamId} competitionId={query.data.competition_id ?? ""} />
                <TeamStanding key={`${query.data.name} ${query.data.bracket}`} team={query.data} />
              </>
            )}
            {query.data && <Logo team={query.data} />}
            <Achievements teamId={teamId} />
            {query.data && <Attempts team={query.data} />}
          </SimpleGrid>
        </Tabs.Panel>
        <Tabs.Panel value="submissions">
          <OfCompetition team={query.data}>
            {(competition) => <CompetitionSubmissions competition={competition} teamId={teamId} />}
          </OfCompetition>
        </Tabs.Panel>
        <Tabs.Panel value="instances">
          <InstanceTable teamId={teamId} />
        </Tabs.Panel>
        <Tabs.Panel value="hints">
          <ActivityTable query={{ team_id: teamId, event: "hint_unlocked" }} />
        </Tabs.Panel>
        <Tabs.Panel value="writeups">
          <OfCompetition team={query.data}>
            {(competition) => <CompetitionWriteups competition={competition} teamId={teamId} />}
          </OfCompetition>
        </Tabs.Panel>
        <Tabs.Panel value="activity">
          <TeamActivity teamId={teamId} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Logo({ team }: { team: TeamDetail }) {
  const path = { competition_id: team.competition_id ?? "", team_id: team.id };
  const one = "/api/v1/admin/competitions/{competition_id}/teams/{team_id}/logo";
  const upload = api.useMutation("put", one);
  const remove = api.useMutation("delete", one);
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Logo")}
      </Title>
      <Picture
        square
        url={team.logo_url}
        name={team.name}
        busy={upload.isPending || remove.isPending}
        upload={(file) => upload.mutate({ params: { path }, ...asItIs(file) })}
        remove={() => remove.mutate({ params: { path } })}
      />
    </Card>
  );
}

const CLEARED = {
  q: "",
  status: "",
  node: "",
  user: "",
  challenge: "",
  solved: "",
  view: "",
  writeup: "",
  event: "",
};

/** What is drawn for the team's competition, once both are there. */
function OfCompetition({
  team,
  children,
}: {
  team: TeamDetail | undefined;
  children: (competition: CompetitionDetail) => ReactNode;
}) {
  const query = api.useQuery(
    "get",
    "/api/v1/competitions/{competition_id}",
    { params: { path: { competition_id: team?.competition_id ?? "" } } },
    { enabled: Boolean(team) },
  );
  return (
    <Loaded query={query} height={300}>
      {children}
    </Loaded>
  );
}

/** Everything that happened with a team, or what is of one kind. */
function TeamActivity({ teamId }: { teamId: string }) {
  const [{ event = "" }, change] = useFilters();
  return (
    <Stack>
      <Group>
        <FilterSelect
          label={t("Event")}
          all={t("Every event")}
          value={event}
          change={(next) => change({ event: next })}
          options={Object.fromEntries(EVENT_NAMES.map((name) => [name, asWords(name)]))}
        />
      </Group>
      <ActivityTable query={{ team_id: teamId, event }} />
    </Stack>
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

/** Has a team's wrong answers to a question count no more. */
function Attempts({ team }: { team: TeamDetail }) {
  const competition = api.useQuery("get", "/api/v1/competitions/{competition_id}", {
    params: { path: { competition_id: team.competition_id ?? "" } },
  });
  const [values, setValues] = useState({ challenge: "", question: "", reason: "" });
  const reset = api.useMutation(
    "post",
    "/api/v1/admin/teams/{team_id}/questions/{challenge_id}/{question_id}/reset-attempts",
    { onSuccess: () => notify(t("The attempts count anew")) },
  );
  const challenges = competition.data?.challenges ?? [];
  const questions = challenges.find(({ id }) => id === values.challenge)?.questions ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const path = { team_id: team.id, challenge_id: values.challenge, question_id: values.question };
    reset.mutate({ params: { path }, body: { reason: values.reason } });
  };
  return (
    <Card>
      <form onSubmit={submit}>
        <Stack gap="xs">
          <Title order={2} size="h5">
            {t("Give attempts back")}
          </Title>
          <NativeSelect
            label={t("Challenge")}
            value={values.challenge}
            onChange={(event) => {
              const challenge = event.currentTarget.value;
              const first = challenges.find(({ id }) => id === challenge)?.questions?.[0];
              setValues({ ...values, challenge, question: first?.id ?? "" });
            }}
            data={[
              { value: "", label: "–" },
              ...challenges.map(({ id, name }) => ({ value: id, label: name ?? id })),
            ]}
          />
          <NativeSelect
            label={t("Question")}
            value={values.question}
            onChange={(event) => setValues({ ...values, question: event.currentTarget.value })}
            data={questions.map(({ id }) => id)}
            disabled={questions.length === 0}
          />
          <TextInput
            label={t("Reason")}
            value={values.reason}
            onChange={(event) => setValues({ ...values, reason: event.currentTarget.value })}
            required
            withAsterisk={false}
          />
          <Button
            type="submit"
            variant="default"
            disabled={!values.question}
            loading={reset.isPending}
          >
            {t("Reset")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
