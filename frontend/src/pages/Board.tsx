import "../components/tile.css";
import "@mantine/core/styles/Table.css";
import {
  Badge,
  Card,
  Group,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Table,
  Text,
  Title,
} from "@mantine/core";
import { IconCheck, IconLock } from "@tabler/icons-react";
import type { ChallengeInfo } from "../api/client";
import { CategoryBadge, DifficultyBadge, UnseenBadge } from "../components/badges";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { A } from "../components/links";
import { useTitle } from "../components/Page";
import { Search } from "../components/Search";
import { Empty } from "../components/states";
import { Countdown } from "../components/time";
import { t } from "../i18n";
import { useCompetition } from "./useCompetition";

const ORDER = ["web", "pwn", "reverse", "crypto", "misc"];

/** The challenges of a competition: by category, as tiles or as a list. */
export function Board() {
  const competition = useCompetition().data!;
  const [filters, change] = useFilters();
  useTitle(t("Challenges of {title}", { title: competition.title }));
  const all = competition.challenges;
  const shown = all.filter((challenge) => matches(challenge, filters));
  const tags = [...new Set(all.flatMap((challenge) => challenge.tags))].sort();
  const points = competition.rank_by === "points";
  if (!all.length)
    return (
      <Empty
        title={
          competition.phase === "upcoming" ? t("It has not begun") : t("There is no challenge here")
        }
      >
        {competition.phase === "upcoming" && competition.starts_at ? (
          <>
            {t("The challenges open in")} <Countdown to={competition.starts_at} />
          </>
        ) : (
          t("You see the challenges once you take part.")
        )}
      </Empty>
    );
  return (
    <Stack mt="md">
      <Title order={1} size="h4" className="offscreen">
        {t("Challenges")}
      </Title>
      <Group gap="xs">
        <Search label={t("Find a challenge")} />
        <FilterSelect
          label={t("Category")}
          all={t("Every category")}
          value={filters.category}
          change={(category) => change({ category })}
          options={ORDER.filter((name) => all.some(({ category }) => category === name))}
        />
        <FilterSelect
          label={t("Difficulty")}
          all={t("Every difficulty")}
          value={filters.difficulty}
          change={(difficulty) => change({ difficulty })}
          options={{ easy: t("easy"), medium: t("medium"), hard: t("hard") }}
        />
        <FilterSelect
          label={t("Solved")}
          all={t("Solved or not")}
          value={filters.solved}
          change={(solved) => change({ solved })}
          options={{ yes: t("Solved"), no: t("Not solved") }}
        />
        {tags.length > 0 && (
          <FilterSelect
            label={t("Tag")}
            all={t("Every tag")}
            value={filters.tag}
            change={(tag) => change({ tag })}
            options={tags}
          />
        )}
        <SegmentedControl
          ml="auto"
          size="sm"
          aria-label={t("View")}
          value={filters.view ?? "grid"}
          onChange={(view) => change({ view: view === "grid" ? "" : view })}
          data={[
            { value: "grid", label: t("Grid") },
            { value: "list", label: t("List") },
          ]}
        />
      </Group>
      <Progress challenges={all} />
      {shown.length === 0 && <Empty title={t("No challenge matches")} />}
      {filters.view === "list" ? (
        <List challenges={shown} points={points} competitionId={competition.id} />
      ) : (
        groups(shown).map(([category, challenges]) => (
          <section key={category} aria-label={category}>
            <Title order={2} size="h5" mb="xs" tt="capitalize">
              {category}
            </Title>
            <SimpleGrid cols={{ base: 1, xs: 2, md: 3, lg: 4 }}>
              {challenges.map((challenge) => (
                <Tile
                  key={challenge.id}
                  challenge={challenge}
                  points={points}
                  competitionId={competition.id}
                />
              ))}
            </SimpleGrid>
          </section>
        ))
      )}
    </Stack>
  );
}

function matches(challenge: ChallengeInfo, filters: ReturnType<typeof useFilters>[0]) {
  const { q = "", category, difficulty, solved, tag } = filters;
  const text = [challenge.name, challenge.description ?? "", ...challenge.tags].join("\n");
  return (
    text.toLowerCase().includes(q.toLowerCase()) &&
    (!category || challenge.category === category) &&
    (!difficulty || challenge.difficulty === difficulty) &&
    (!tag || challenge.tags.includes(tag)) &&
    (!solved || (solved === "yes") === Boolean(challenge.solved))
  );
}

function groups(challenges: ChallengeInfo[]): [string, ChallengeInfo[]][] {
  return ORDER.map((name): [string, ChallengeInfo[]] => [
    name,
    challenges.filter((challenge) => (challenge.category ?? "misc") === name),
  ]).filter(([, found]) => found.length > 0);
}

function Progress({ challenges }: { challenges: ChallengeInfo[] }) {
  const solved = challenges.filter((challenge) => challenge.solved).length;
  return (
    <Text size="sm" c="dimmed">
      {t("{done} of {all} solved", { done: solved, all: challenges.length })}
    </Text>
  );
}

interface Shown {
  challenge: ChallengeInfo;
  points: boolean;
  competitionId: string;
}

function Tile({ challenge, points, competitionId }: Shown) {
  const answered = challenge.solved_question_ids?.length ?? 0;
  return (
    <Card className="tile" component="article" data-solved={challenge.solved || undefined} p="md">
      <Stack gap={6} h="100%">
        <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
          <Title order={3} size="h6" className="wrap">
            <A
              to="/competitions/$competitionId/challenges/$challengeId"
              params={{ competitionId, challengeId: challenge.id }}
              className="cover"
              c="inherit"
            >
              {challenge.name}
            </A>
          </Title>
          <Mark challenge={challenge} />
        </Group>
        <Group gap={6} mt="auto">
          <DifficultyBadge difficulty={challenge.difficulty} />
          <UnseenBadge state={challenge.state} />
          {challenge.questions.length > 1 && (
            <Badge variant="light" color="gray" radius="sm" tt="none">
              {t("{done} of {all} questions", { done: answered, all: challenge.questions.length })}
            </Badge>
          )}
        </Group>
        <Group justify="space-between" gap="xs">
          <Text size="sm" fw={650} className="digits">
            {points ? t("{n} point|{n} points", { n: challenge.value ?? 0 }) : ""}
          </Text>
          <Text size="sm" c="dimmed" className="digits">
            {t("{n} solve|{n} solves", { n: challenge.solves_count ?? 0 })}
          </Text>
        </Group>
      </Stack>
    </Card>
  );
}

function Mark({ challenge }: { challenge: ChallengeInfo }) {
  if (challenge.solved) return <IconCheck size={20} role="img" aria-label={t("Solved")} />;
  if (challenge.locked) return <IconLock size={18} role="img" aria-label={t("Locked")} />;
  return null;
}

function List({
  challenges,
  points,
  competitionId,
}: {
  challenges: ChallengeInfo[];
  points: boolean;
  competitionId: string;
}) {
  return (
    <Card p={0}>
      <section className="scroll" tabIndex={0} aria-label={t("Challenges")}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("Challenge")}</Table.Th>
              <Table.Th visibleFrom="sm">{t("Category")}</Table.Th>
              <Table.Th visibleFrom="sm">{t("Difficulty")}</Table.Th>
              {points && <Table.Th ta="right">{t("Points")}</Table.Th>}
              <Table.Th ta="right">{t("Solves")}</Table.Th>
              <Table.Th>{t("Solved")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {challenges.map((challenge) => (
              <Table.Tr key={challenge.id}>
                <Table.Td>
                  <A
                    to="/competitions/$competitionId/challenges/$challengeId"
                    params={{ competitionId, challengeId: challenge.id }}
                  >
                    {challenge.name}
                  </A>
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  <CategoryBadge category={challenge.category} />
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  <Group gap={6}>
                    <DifficultyBadge difficulty={challenge.difficulty} />
                    <UnseenBadge state={challenge.state} />
                  </Group>
                </Table.Td>
                {points && (
                  <Table.Td ta="right" className="digits">
                    {challenge.value}
                  </Table.Td>
                )}
                <Table.Td ta="right" className="digits">
                  {challenge.solves_count}
                </Table.Td>
                <Table.Td>
                  <Mark challenge={challenge} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
    </Card>
  );
}
