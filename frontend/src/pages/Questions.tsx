import "../components/tile.css";
import { Alert, Button, Card, Checkbox, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { IconCircleCheck, IconLock } from "@tabler/icons-react";
import { type FormEvent, useEffect, useState } from "react";
import {
  type ApiError,
  api,
  type ChallengeInfo,
  type InstanceInfo,
  type SubmissionResponse,
} from "../api/client";
import { onEvent } from "../api/live";
import { notify } from "../components/toasts";
import { useDraft } from "../components/useDraft";
import { t } from "../i18n";

/** The questions of a challenge, each with the form that it asks for. */
export function Questions({
  challenge,
  competitionId,
  instance,
}: {
  challenge: ChallengeInfo;
  competitionId: string;
  instance?: InstanceInfo;
}) {
  const done = new Set(challenge.solved_question_ids);
  const standing = new Map(instance?.questions.map((question) => [question.id, question]));
  return (
    <Stack component="section" aria-label={t("Questions")}>
      {challenge.questions.map((question, place) => {
        const needs = question.requires.filter((id) => !done.has(id));
        return (
          <QuestionCard
            key={question.id}
            number={place + 1}
            question={question}
            solved={done.has(question.id)}
            needs={needs.map((id) => challenge.questions.findIndex((other) => other.id === id) + 1)}
            remaining={standing.get(question.id)?.attempts_remaining ?? null}
            challenge={challenge}
            competitionId={competitionId}
            instance={instance}
          />
        );
      })}
    </Stack>
  );
}

function QuestionCard({
  number,
  question,
  solved,
  needs,
  remaining,
  challenge,
  competitionId,
  instance,
}: {
  number: number;
  question: ChallengeInfo["questions"][number];
  solved: boolean;
  needs: number[];
  remaining: number | null;
  challenge: ChallengeInfo;
  competitionId: string;
  instance?: InstanceInfo;
}) {
  const [text, setText] = useDraft(`${competitionId} ${challenge.id} ${question.id}`);
  const [chosen, setChosen] = useState<string[]>([]);
  const [outcome, setOutcome] = useState<SubmissionResponse | null>(null);
  const options = {
    meta: { quiet: true },
    onSuccess: (answer: SubmissionResponse) => {
      setOutcome(answer);
      if (answer.correct) setText("");
      if (answer.challenge_fully_solved)
        notify(
          t("Solved: {challenge}", { challenge: challenge.name }),
          // Behind a freeze nobody is told their place.
          !answer.solve_rank
            ? ""
            : answer.solve_rank === 1
              ? t("First blood!")
              : t("Place {n}", { n: answer.solve_rank }),
        );
    },
  };
  const submit = api.useMutation("post", "/api/v1/submissions", options);
  const answerQa = api.useMutation("post", "/api/v1/qa/submissions", options);
  const sending = challenge.is_qa_only ? answerQa : submit;
  const kind = question.input?.kind ?? "text";
  const answer = kind === "any_of" ? chosen : kind === "one_of" ? (chosen[0] ?? "") : text;
  const waits = !challenge.is_qa_only && instance?.status !== "ready";
  const refused = sending.error as ApiError | null;
  const left = outcome?.attempts_remaining ?? remaining;
  // An operator forgave the wrong answers: what is shown of the last one holds no longer.
  useEffect(() =>
    onEvent((event) => {
      if (event.event !== "question_attempt_reset") return;
      if (event.challenge_id !== challenge.id || event.question_id !== question.id) return;
      setOutcome(null);
      sending.reset();
    }),
  );

  const send = (event: FormEvent) => {
    event.preventDefault();
    setOutcome(null);
    if (challenge.is_qa_only)
      answerQa.mutate({
        body: {
          challenge_id: challenge.id,
          competition_id: competitionId,
          question_id: question.id,
          answer,
        },
      });
    else if (instance)
      submit.mutate({ body: { instance_id: instance.id, question_id: question.id, answer } });
  };
  const head = (
    <Text component="span" fw={600} className="wrap">
      {challenge.questions.length > 1 && `${number}. `}
      {question.prompt}
    </Text>
  );
  if (solved)
    return (
      <Card data-solved className="tile">
        <Group wrap="nowrap" gap="xs">
          <IconCircleCheck role="img" aria-label={t("Answered")} />
          {head}
        </Group>
      </Card>
    );
  if (needs.length)
    return (
      <Card>
        <Group wrap="nowrap" gap="xs">
          <IconLock size={18} role="img" aria-label={t("Locked")} />
          <div>
            {head}
            <Text size="sm" c="dimmed">
              {t("Answer question {numbers} first.", { numbers: needs.join(", ") })}
            </Text>
          </div>
        </Group>
      </Card>
    );
  return (
    <Card>
      <form onSubmit={send}>
        <Stack gap="xs">
          {kind === "any_of" && (
            <Checkbox.Group value={chosen} onChange={setChosen} label={head}>
              <Stack gap={6} mt={6}>
                {question.choices?.map((choice) => (
                  <Checkbox key={choice} value={choice} label={choice} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          {kind === "one_of" && (
            <Radio.Group
              value={chosen[0] ?? ""}
              onChange={(next) => setChosen([next])}
              label={head}
            >
              <Stack gap={6} mt={6}>
                {question.choices?.map((choice) => (
                  <Radio key={choice} value={choice} label={choice} />
                ))}
              </Stack>
            </Radio.Group>
          )}
          {(kind === "text" || kind === "number") && (
            <TextInput
              aria-keyshortcuts="a"
              label={head}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              placeholder={question.input?.placeholder || t("Your answer")}
              description={question.input?.note}
              inputMode={kind === "number" ? "decimal" : "text"}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            />
          )}
          <Group gap="sm">
            <Button
              type="submit"
              loading={sending.isPending}
              disabled={waits || left === 0 || !answer.length}
            >
              {t("Submit")}
            </Button>
            {left !== null && left !== undefined && (
              <Text size="sm" c="dimmed">
                {t("{n} attempt left|{n} attempts left", { n: left })}
              </Text>
            )}
            {left === 0 && (
              <Text size="sm" c="dimmed">
                {t("The organisers can give you more.")}
              </Text>
            )}
            {waits && (
              <Text size="sm" c="dimmed">
                {t("Start the instance to answer.")}
              </Text>
            )}
          </Group>
          <div role="status" aria-live="polite">
            {outcome && !outcome.correct && <Alert color="orange">{t("Not the answer.")}</Alert>}
            {outcome?.correct && <Alert color="green">{t("Correct!")}</Alert>}
            {refused && <Alert color="red">{refused.message}</Alert>}
          </div>
        </Stack>
      </form>
    </Card>
  );
}
