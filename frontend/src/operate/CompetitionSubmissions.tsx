import { Button, Card, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { type AdminSubmission, api, type CompetitionDetail } from "../api/client";
import { FilterSelect } from "../components/Choice";
import { Confirm } from "../components/Confirm";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Empty } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { t } from "../i18n";
import { Download } from "./Download";

/** Everything that was answered in a competition, or by one team; correcting how it was graded. */
export function CompetitionSubmissions({
  competition,
  teamId,
}: {
  competition: CompetitionDetail;
  teamId?: string;
}) {
  const competition_id = competition.id;
  const [{ team: chosen, user, challenge, solved, offset = 0 }, change] = useFilters();
  const team = teamId ?? chosen;
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/submissions", {
    params: {
      path: { competition_id },
      query: {
        team_id: team,
        user_id: user,
        challenge_id: challenge,
        correct: solved ? solved === "yes" : undefined,
        limit: PER_PAGE,
        offset,
      },
    },
  });
  const narrow = (filter: { team?: string; user?: string }, name: string, label: ReactNode) => (
    <Button
      size="compact-xs"
      variant="subtle"
      color="gray"
      aria-label={t("Only of {name}", { name })}
      title={t("Only of {name}", { name })}
      onClick={() => change(filter)}
    >
      {label}
    </Button>
  );
  return (
    <Stack>
      <Group gap="xs">
        <FilterSelect
          label={t("Challenge")}
          all={t("Every challenge")}
          value={challenge}
          change={(next) => change({ challenge: next })}
          options={Object.fromEntries(competition.challenges.map(({ id, name }) => [id, name]))}
        />
        <FilterSelect
          label={t("Grade")}
          all={t("Right and wrong")}
          value={solved}
          change={(next) => change({ solved: next })}
          options={{ yes: t("right"), no: t("wrong") }}
        />
        {((team && !teamId) || user) && (
          <Button variant="default" onClick={() => change({ team: "", user: "" })}>
            {t("Of everybody")}
          </Button>
        )}
        {!teamId && (
          <Download competitionId={competition_id} table="submissions" label={t("Submissions")} />
        )}
      </Group>
      {challenge && !teamId && (
        <Regrade key={challenge} competition={competition} challengeId={challenge} />
      )}
      <Listing
        label={t("Submissions")}
        query={query}
        id={(row) => row.id}
        empty={<Empty title={t("No submission")} />}
        columns={[
          {
            title: t("Team"),
            cell: (row) => (
              <>
                <A
                  to="/admin/teams/$teamId"
                  params={{ teamId: row.team_id ?? "" }}
                  className="wrap"
                >
                  {row.team_name}
                </A>
                {!team &&
                  narrow({ team: row.team_id }, row.team_name ?? "", <IconFilter size={14} />)}
              </>
            ),
          },
          {
            title: t("Person"),
            wide: true,
            cell: (row) =>
              narrow({ user: row.user_id }, row.display_name ?? "", row.display_name ?? ""),
          },
          {
            title: t("Question"),
            wide: true,
            cell: (row) => `${row.challenge_id} · ${row.question_id}`,
          },
          {
            title: t("Answer"),
            cell: (row) => (
              <Text size="sm" className="wrap" component="span">
                {row.correct ? "✓" : "✗"} {row.answer}
                {(row.overruled || row.reset_id) && (
                  <Text size="xs" c="dimmed">
                    {row.reset_id ? t("reset") : t("by hand")}
                  </Text>
                )}
              </Text>
            ),
          },
          { title: t("Submitted"), wide: true, cell: (row) => <Ago at={row.submitted_at} /> },
          { title: t("Grade"), cell: (row) => <Ruling row={row} competitionId={competition_id} /> },
        ]}
      />
    </Stack>
  );
}

function Ruling({ row, competitionId }: { row: AdminSubmission; competitionId: string }) {
  const rule = api.useMutation(
    "patch",
    "/api/v1/admin/competitions/{competition_id}/submissions/{submission_id}",
    { onSuccess: () => notify(t("Saved")) },
  );
  const path = { competition_id: competitionId, submission_id: row.id };
  return (
    <Confirm
      size="compact-xs"
      danger={row.correct}
      label={row.correct ? t("Strike") : t("Accept")}
      question={
        row.correct ? t("Let this answer count no more?") : t("Let this answer count as right?")
      }
      reason={t("Reason")}
      act={(reason) => rule.mutate({ params: { path }, body: { correct: !row.correct, reason } })}
    >
      {row.answer}
      {row.correct && !row.overruled && (
        <Text size="sm" c="dimmed" mt="xs">
          {t(
            "All that the team answered right to this question is struck, and the same answer does not count again.",
          )}
        </Text>
      )}
    </Confirm>
  );
}

/** Grading all submissions to a question again: first what would change, then doing it. */
function Regrade({
  competition,
  challengeId,
}: {
  competition: CompetitionDetail;
  challengeId: string;
}) {
  const questions =
    competition.challenges.find(({ id }) => id === challengeId)?.questions?.map(({ id }) => id) ??
    [];
  const [question, setQuestion] = useState(questions[0] ?? "");
  const regrade = api.useMutation(
    "post",
    "/api/v1/admin/competitions/{competition_id}/challenges/{challenge_id}/questions/{question_id}/regrade",
  );
  const grade = (dry_run: boolean) =>
    regrade.mutate({
      params: {
        path: {
          competition_id: competition.id,
          challenge_id: challengeId,
          question_id: question,
        },
      },
      body: { dry_run },
    });
  const result = regrade.data;
  const completed = result?.completed ?? 0;
  const changes = (result?.became_right ?? 0) + (result?.became_wrong ?? 0) + completed;
  return (
    <Card>
      <Group align="flex-end" gap="xs">
        <NativeSelect
          label={t("After a changed answer, of the question")}
          value={question}
          onChange={(event) => {
            setQuestion(event.currentTarget.value);
            regrade.reset();
          }}
          data={questions}
        />
        <Button variant="default" loading={regrade.isPending} onClick={() => grade(true)}>
          {t("See what changes")}
        </Button>
        {result?.dry_run && changes > 0 && (
          <Button onClick={() => grade(false)}>{t("Grade again")}</Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" mt="xs">
        {t(
          "Instances that run are asked as before: stop them, or grade again once they have ended.",
        )}
      </Text>
      {result && (
        <Stack gap={4} mt="xs" role="status">
          <Text size="sm">
            {t(
              result.dry_run
                ? "Of {checked} submissions {right} would become right and {wrong} wrong."
                : "Of {checked} submissions {right} became right and {wrong} wrong.",
              {
                checked: result.checked ?? 0,
                right: result.became_right ?? 0,
                wrong: result.became_wrong ?? 0,
              },
            )}
          </Text>
          {completed > 0 && (
            <Text size="sm">
              {t(
                "{n} team has answered every question that is left.|{n} teams have answered every question that is left.",
                { n: completed },
              )}
            </Text>
          )}
          {Boolean(result.unknown) && (
            <Text size="sm">
              {t(
                "{n} submission stays as it is: no instance tells what was right.|{n} submissions stay as they are: no instance tells what was right.",
                { n: result.unknown! },
              )}
            </Text>
          )}
          {result.changes?.slice(0, 20).map((changed) => (
            <Text key={changed.submission_id} size="sm" className="wrap">
              {changed.correct ? "✓" : "✗"} {changed.team_name} · {changed.answer}
            </Text>
          ))}
        </Stack>
      )}
    </Card>
  );
}
