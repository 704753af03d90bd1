import "../components/tile.css";
import { Alert, Button, Card, Checkbox, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { IconCircleCheck, IconLock } from "@tabler/icons-react";
import { type FormEvent, Suspense, useEffect, useRef, useState } from "react";
import {
  type ApiError,
  api,
  type ChallengeInfo,
  type InstanceInfo,
  type SubmissionResponse,
} from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { onEvent } from "../api/live";
import { useDraft } from "../components/useDraft";
import { t } from "../i18n";
import { useCompetition } from "./useCompetition";

const Celebration = lazyComponent(async () => (await import("./Celebration")).Celebration);

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
    },
  };
  const { my_points = -1, my_rank = -1 } = useCompetition().data ?? {};
  const before = useRef({ points: my_points, rank: my_rank });
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
    before.current = { points: my_points, rank: my_rank };
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
  if (needs.length && !solved)
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
    <Card data-solved={solved || undefined} className={solved ? "tile" : undefined}>
      {solved ? (
        <Group wrap="nowrap" gap="xs">
          <IconCircleCheck role="img" aria-label={t("Answered")} />
          {head}
        </Group>
      ) : (
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
          </Stack>
        </form>
      )}
      <div role="status" aria-live="polite">
        {outcome?.correct ? (
          <Suspense fallback={<Alert color="green">{t("Correct!")}</Alert>}>
            <Celebration answer={outcome} before={before.current} done={() => setOutcome(null)} />
          </Suspense>
        ) : (
          outcome && (
            <Alert color="orange" mt="xs">
              {t("Not the answer.")}
            </Alert>
          )
        )}
        {refused && (
          <Alert color="red" mt="xs">
            {refused.message}
          </Alert>
        )}
      </div>
    </Card>
  );
}
