import {
  Alert,
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
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, type CompetitionDetail } from "../api/client";
import { CompetitionTexts } from "../components/CompetitionTexts";
import { FieldInputs, useAnswers } from "../components/Fields";
import { useFilters } from "../components/filters";
import { ButtonLink } from "../components/links";
import { useTitle } from "../components/Page";
import { Search } from "../components/Search";
import { notify } from "../components/toasts";
import { t } from "../i18n";
import { useCompetition } from "./useCompetition";

/** What a competition is, its rules, and how to get in. */
export function CompetitionAbout() {
  const competition = useCompetition().data!;
  useTitle(competition.title);
  return (
    <Stack mt="md">
      {competition.is_registered ? (
        <Group>
          <ButtonLink
            to="/competitions/$competitionId/challenges"
            params={{ competitionId: competition.id }}
          >
            {t("To the challenges")}
          </ButtonLink>
        </Group>
      ) : (
        <Join competition={competition} />
      )}
      <CompetitionTexts
        competition={competition}
        teams={competition.registered_count ?? 0}
        challenges={competition.challenge_ids.length}
      />
    </Stack>
  );
}

function Join({ competition }: { competition: CompetitionDetail }) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [code, setCode] = useState("");
  const [bracket, setBracket] = useState(competition.brackets?.[0] ?? "");
  const params = { path: { competition_id: competition.id } };
  const asked =
    api.useQuery("get", "/api/v1/competitions/{competition_id}/fields", { params }).data ?? [];
  const { answers, typed, change } = useAnswers(asked);
  const fields = asked.length ? { fields: typed } : {};
  const done = () => {
    notify(t("You are in"));
    void navigate({ to: `/competitions/${competition.id}/challenges` as string });
  };
  const register = api.useMutation("post", "/api/v1/competitions/{competition_id}/teams", {
    onSuccess: done,
  });
  const redeem = api.useMutation("post", "/api/v1/competitions/{competition_id}/teams/redeem", {
    onSuccess: done,
  });
  const ask = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/teams/{team_id}/join-request",
    { onSuccess: () => notify(t("The captain was asked")) },
  );
  const keep = api.useMutation("patch", "/api/v1/competitions/{competition_id}/fields", {
    onSuccess: () => notify(t("Saved")),
  });
  if (competition.phase === "past")
    return <Alert color="gray">{t("This competition is over.")}</Alert>;
  if (competition.can_participate === false)
    return (
      <Alert color="orange" title={t("By invitation")}>
        {t("Its operators choose who takes part.")}
      </Alert>
    );
  return (
    <Stack>
      {Boolean(competition.brackets?.length) && (
        <NativeSelect
          label={t("Bracket")}
          value={bracket}
          onChange={(event) => setBracket(event.currentTarget.value)}
          data={competition.brackets}
          maw={240}
        />
      )}
      {asked.length > 0 && (
        <Card>
          <Title order={2} size="h5" mb="xs">
            {t("What the organisers ask")}
          </Title>
          <Stack>
            <FieldInputs
              fields={asked}
              answers={answers}
              change={change}
              error={register.error ?? redeem.error ?? ask.error ?? keep.error}
            />
            <Group>
              <Button
                variant="default"
                loading={keep.isPending}
                disabled={!Object.keys(typed).length}
                onClick={() => keep.mutate({ params, body: fields })}
              >
                {t("Save the answers")}
              </Button>
              <Text size="sm" c="dimmed">
                {t("They are sent along when you join, too.")}
              </Text>
            </Group>
          </Stack>
        </Card>
      )}
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Card>
          <Stack h="100%" gap="xs">
            <Title order={2} size="h5">
              {t("On your own")}
            </Title>
            <Text size="sm" c="dimmed">
              {t("You are the team. Others can still join you later.")}
            </Text>
            <Button
              mt="auto"
              loading={register.isPending}
              onClick={() =>
                register.mutate({ params, body: { mode: "solo", bracket, ...fields } })
              }
            >
              {t("Play solo")}
            </Button>
          </Stack>
        </Card>
        <Card>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              register.mutate({ params, body: { mode: "create", name, bracket, ...fields } });
            }}
          >
            <Stack gap="xs">
              <Title order={2} size="h5">
                {t("With a new team")}
              </Title>
              <TextInput
                label={t("Team name")}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                required
                withAsterisk={false}
                maxLength={64}
              />
              <Button type="submit" variant="default" loading={register.isPending}>
                {t("Create the team")}
              </Button>
            </Stack>
          </form>
        </Card>
        <Card>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              redeem.mutate({ params, body: { code: code.trim(), ...fields } });
            }}
          >
            <Stack gap="xs">
              <Title order={2} size="h5">
                {t("With a code")}
              </Title>
              <TextInput
                label={t("Invite code")}
                value={code}
                onChange={(event) => setCode(event.currentTarget.value)}
                required
                withAsterisk={false}
              />
              <Button type="submit" variant="default" loading={redeem.isPending}>
                {t("Join the team")}
              </Button>
            </Stack>
          </form>
        </Card>
      </SimpleGrid>
      <Ask
        competition={competition}
        ask={(team_id) =>
          ask.mutate({ params: { path: { ...params.path, team_id } }, body: fields })
        }
      />
    </Stack>
  );
}

/** Teams to ask for a place. */
function Ask({
  competition,
  ask,
}: {
  competition: CompetitionDetail;
  ask: (teamId: string) => void;
}) {
  const [{ q = "" }] = useFilters();
  const teams = api.useQuery("get", "/api/v1/competitions/{competition_id}/teams/search", {
    params: { path: { competition_id: competition.id }, query: { q, limit: 10 } },
  });
  return (
    <Card>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("Ask a team")}
        </Title>
        <Search label={t("Find a team")} />
      </Group>
      {teams.data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {q ? t("No team has such a name.") : t("There is no team yet: yours can be the first.")}
        </Text>
      )}
      <Stack gap={4}>
        {teams.data?.items.map((team) => (
          <Group key={team.id} justify="space-between" wrap="nowrap">
            <Text size="sm" className="wrap">
              {team.name}{" "}
              <Text span c="dimmed">
                {t("{n} member|{n} members", { n: team.member_count ?? 0 })}
              </Text>
            </Text>
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={t("Ask {team}", { team: team.name })}
              onClick={() => ask(team.id)}
            >
              {t("Ask to join")}
            </Button>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
