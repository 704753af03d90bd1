import { Alert, Anchor, Card, Grid, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { IconDownload, IconLock } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { api, type ChallengeInfo, type InstanceInfo } from "../api/client";
import { CategoryBadge, DifficultyBadge, UnseenBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { useFilters } from "../components/filters";
import { A } from "../components/links";
import { Markdown } from "../components/Markdown";
import { useTitle } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { bytes, duration, t } from "../i18n";
import { InstancePanel } from "./InstancePanel";
import { Questions } from "./Questions";
import { Reactions } from "./Reactions";
import { isPlayable, useCompetition } from "./useCompetition";
import { OwnWriteup, PublishedWriteups } from "./Writeups";

/** A challenge as a team plays it: what it says, its instance, its questions. */
export function Challenge() {
  const competition = useCompetition().data!;
  const { challengeId } = useParams({
    from: "/framed/competitions/$competitionId/challenges/$challengeId",
  });
  const challenge = competition.challenges.find(({ id }) => id === challengeId);
  useTitle(challenge?.name ?? t("Challenge"));
  const instances = api.useQuery(
    "get",
    "/api/v1/instances",
    { params: { query: { challenge_id: challengeId, competition_id: competition.id, limit: 5 } } },
    {
      enabled: competition.is_registered && !challenge?.is_qa_only,
      // Events say when it is ready; this is for when they cannot.
      refetchInterval: (query) =>
        query.state.data?.items.some(({ status }) => status === "starting") ? 2000 : false,
    },
  );
  // Nobody has to write anything on what nobody asked for; what was published shows after the end.
  const writeups =
    Boolean(competition.writeups_until) &&
    (competition.is_registered || competition.phase === "past");
  const [{ tab }] = useFilters();
  if (!challenge) return <Empty title={t("There is no such challenge in this competition")} />;
  const instance = instances.data?.items[0];
  const alive = instance && ["starting", "ready"].includes(instance.status ?? "");
  return (
    <Stack mt="md">
      <div>
        <A
          to="/competitions/$competitionId/challenges"
          params={{ competitionId: competition.id }}
          size="sm"
        >
          ← {t("Challenges")}
        </A>
        <Group gap="xs" mt={4}>
          <Title order={1} size="h2" className="wrap">
            {challenge.name}
          </Title>
          <CategoryBadge category={challenge.category} />
          <DifficultyBadge difficulty={challenge.difficulty} />
          <UnseenBadge state={challenge.state} />
        </Group>
        <Text size="sm" c="dimmed">
          {competition.rank_by === "points" &&
            `${t("{n} point|{n} points", { n: challenge.value ?? 0 })} · `}
          {t("{n} solve|{n} solves", { n: challenge.solves_count ?? 0 })}
        </Text>
      </div>
      {challenge.solved && (
        <Alert color="green" role="status" title={t("Solved")}>
          {t("Your team answered every question.")}
        </Alert>
      )}
      {challenge.locked ? (
        <Locked challenge={challenge} />
      ) : (
        <Grid>
          <Grid.Col span={{ base: 12, md: 7 }}>
            <Tabs defaultValue={tab === "writeups" && writeups ? tab : "task"} keepMounted={false}>
              <Tabs.List mb="sm">
                <Tabs.Tab value="task">{t("Task")}</Tabs.Tab>
                {Boolean(challenge.hints) && (
                  <Tabs.Tab value="hints">{t("Hints ({n})", { n: challenge.hints! })}</Tabs.Tab>
                )}
                {/* Drawn from instances: of a challenge without any it knows nothing. */}
                {!challenge.is_qa_only && <Tabs.Tab value="solvers">{t("Solvers")}</Tabs.Tab>}
                {writeups && <Tabs.Tab value="writeups">{t("Write-ups")}</Tabs.Tab>}
              </Tabs.List>
              <Tabs.Panel value="task">
                <Stack>
                  <Card>
                    <Markdown text={challenge.description ?? ""} imagesOf={challenge.id} />
                    <Files challenge={challenge} instance={alive ? instance : undefined} />
                  </Card>
                  {competition.is_registered && (
                    <Questions
                      challenge={challenge}
                      competitionId={competition.id}
                      instance={instance}
                    />
                  )}
                  <Reactions challengeId={challenge.id} competitionId={competition.id} />
                </Stack>
              </Tabs.Panel>
              <Tabs.Panel value="hints">
                <Hints challengeId={challenge.id} competitionId={competition.id} />
              </Tabs.Panel>
              <Tabs.Panel value="writeups">
                <Stack>
                  {competition.is_registered && (
                    <OwnWriteup competitionId={competition.id} challengeId={challenge.id} />
                  )}
                  {competition.phase === "past" && (
                    <PublishedWriteups competitionId={competition.id} challengeId={challenge.id} />
                  )}
                </Stack>
              </Tabs.Panel>
              <Tabs.Panel value="solvers">
                <Solvers challengeId={challenge.id} competitionId={competition.id} />
              </Tabs.Panel>
            </Tabs>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }} order={{ base: -1, md: 2 }}>
            {!competition.is_registered ? (
              <Alert color="blue">
                {t("To play, take part first:")}{" "}
                <A to="/competitions/$competitionId" params={{ competitionId: competition.id }}>
                  {t("join the competition")}
                </A>
              </Alert>
            ) : challenge.is_qa_only ? (
              <Alert color="gray">{t("Nothing to launch here: read, and answer.")}</Alert>
            ) : (
              <Loaded query={instances} height={180}>
                {() => (
                  <InstancePanel
                    challengeId={challenge.id}
                    competitionId={competition.id}
                    instance={instance}
                    over={!isPlayable(competition)}
                  />
                )}
              </Loaded>
            )}
          </Grid.Col>
        </Grid>
      )}
    </Stack>
  );
}

function Locked({ challenge }: { challenge: ChallengeInfo }) {
  const competition = useCompetition().data!;
  return (
    <Alert color="gray" icon={<IconLock />} title={t("Locked")}>
      {t("Solve first:")}{" "}
      {challenge.unlocked_by?.map((id, place) => (
        <span key={id}>
          {place > 0 && ", "}
          <A
            to="/competitions/$competitionId/challenges/$challengeId"
            params={{ competitionId: competition.id, challengeId: id }}
          >
            {competition.challenges.find((other) => other.id === id)?.name ?? id}
          </A>
        </span>
      ))}
    </Alert>
  );
}

/** The files: of the challenge, and while an instance is up the ones made for it. */
function Files({ challenge, instance }: { challenge: ChallengeInfo; instance?: InstanceInfo }) {
  const files = instance?.attachments.length ? instance.attachments : challenge.attachments;
  if (!files.length) return null;
  const base = instance?.attachments.length
    ? `/api/v1/instances/${instance.id}/attachments/`
    : `/api/v1/challenges/${challenge.id}/attachments/`;
  return (
    <Stack gap={4} mt="sm">
      <Text size="sm" fw={600}>
        {t("Attachments")}
      </Text>
      {files.map(({ name, size }) => (
        <Anchor key={name} href={base + encodeURIComponent(name)} download size="sm">
          <IconDownload size={14} aria-hidden /> {name} ({bytes(size)})
        </Anchor>
      ))}
    </Stack>
  );
}

function Hints({ challengeId, competitionId }: { challengeId: string; competitionId: string }) {
  const path = { competition_id: competitionId, challenge_id: challengeId };
  const hints = api.useQuery(
    "get",
    "/api/v1/competitions/{competition_id}/challenges/{challenge_id}/hints",
    { params: { path } },
  );
  const unlock = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/challenges/{challenge_id}/hints/{hint_id}/unlock",
  );
  return (
    <Loaded query={hints}>
      {(items) => (
        <Stack>
          {items.map((hint, place) => (
            <Card key={hint.id}>
              <Group justify="space-between" mb={hint.unlocked ? "xs" : 0}>
                <Text fw={600}>{t("Hint {n}", { n: place + 1 })}</Text>
                {hint.unlocked ? (
                  <Text size="sm" c="dimmed">
                    {t("cost {n} point|cost {n} points", { n: hint.cost })}
                  </Text>
                ) : (
                  <Confirm
                    size="xs"
                    label={t("Unlock for {n} point|Unlock for {n} points", { n: hint.cost })}
                    question={t("Unlock hint {n}?", { n: place + 1 })}
                    danger={false}
                    loading={unlock.isPending}
                    act={() => unlock.mutate({ params: { path: { ...path, hint_id: hint.id } } })}
                  >
                    {hint.cost > 0 && t("Your team pays for it, and does not get it back.")}
                  </Confirm>
                )}
              </Group>
              {hint.text && <Markdown text={hint.text} imagesOf={path.challenge_id} />}
            </Card>
          ))}
        </Stack>
      )}
    </Loaded>
  );
}

function Solvers({ challengeId, competitionId }: { challengeId: string; competitionId: string }) {
  const attempts = api.useQuery("get", "/api/v1/challenges/{challenge_id}/solve-attempts", {
    params: { path: { challenge_id: challengeId }, query: { competition_id: competitionId } },
  });
  return (
    <Loaded query={attempts}>
      {({ per_team }) => {
        const solvers = per_team
          .filter((team) => (team.solve_count ?? 0) > 0)
          .sort((a, b) => (a.first_solved_at ?? 0) - (b.first_solved_at ?? 0));
        if (!solvers.length)
          return (
            <Empty title={t("Nobody has solved it yet")}>
              {t("First blood is yours to take.")}
            </Empty>
          );
        return (
          <Card>
            <Stack gap={6}>
              {solvers.map((team, place) => (
                <Group key={team.team_id} justify="space-between" wrap="nowrap">
                  <Text size="sm" className="wrap">
                    {place + 1}.{" "}
                    <A to="/teams/$teamId" params={{ teamId: team.team_id }}>
                      {team.team_name || team.display_name}
                    </A>
                  </Text>
                  <Text size="sm" c="dimmed">
                    <Ago at={team.first_solved_at} />
                    {team.best_duration_s ? ` · ${duration(team.best_duration_s)}` : ""}
                  </Text>
                </Group>
              ))}
            </Stack>
          </Card>
        );
      }}
    </Loaded>
  );
}
