import {
  ActionIcon,
  Button,
  Card,
  Checkbox,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconX } from "@tabler/icons-react";
import { useRef } from "react";
import { t } from "../i18n";
import { NumberInput, TagsInput } from "./inputs";

/** A question as metadata.yaml writes it. */
export type Question = Record<string, unknown> & { id: string; prompt: string };

const MODES = () => [
  { value: "static", label: t("a text") },
  { value: "dynamic", label: t("what each instance holds") },
  { value: "pattern", label: t("a pattern") },
  { value: "numeric", label: t("a number") },
  { value: "single_select", label: t("one of several") },
  { value: "multi_select", label: t("several of several") },
];
/** What belongs to a mode, beside what every question has. */
const FIELDS: Record<string, string[]> = {
  static: ["answer", "answers", "ignore_case", "keep_space"],
  dynamic: ["format", "ignore_case", "keep_space"],
  pattern: ["pattern", "ignore_case", "keep_space"],
  numeric: ["answer", "tolerance"],
  single_select: ["choices", "answer", "ignore_case", "keep_space"],
  multi_select: ["choices", "answer", "ignore_case", "keep_space"],
};
const EVERY = ["id", "prompt", "mode", "requires", "attempts"];

/** Which mode a question has that does not name it; as the server finds it. */
export function modeOf(question: Question): string {
  if (typeof question.mode === "string") return question.mode;
  const { answer, answers, pattern, choices } = question;
  if (Array.isArray(answer)) return "multi_select";
  if (choices) return "single_select";
  if (pattern !== undefined) return "pattern";
  if (typeof answer === "number" || (answer !== undefined && "tolerance" in question))
    return "numeric";
  return answer === undefined && answers === undefined ? "dynamic" : "static";
}

/** Without what is empty: a field that is left out is as if it was never there. */
const tidy = (question: Question) =>
  Object.fromEntries(
    Object.entries(question).filter(
      ([name, value]) =>
        ["id", "prompt"].includes(name) ||
        (value !== undefined && value !== "" && value !== false && value !== null),
    ),
  ) as Question;

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];

/** The questions of a challenge, in their order. */
export function Questions({
  questions,
  set,
}: {
  questions: Question[];
  set: (questions: Question[]) => void;
}) {
  const put = (place: number, question: Question) =>
    set(questions.map((other, at) => (at === place ? tidy(question) : other)));
  const move = (place: number, by: number) => {
    const next = [...questions];
    next.splice(place + by, 0, ...next.splice(place, 1));
    set(next);
  };
  const add = () => {
    const taken = new Set(questions.map(({ id }) => id));
    let count = questions.length + 1;
    while (taken.has(`question_${count}`)) count += 1;
    set([...questions, { id: `question_${count}`, prompt: "", mode: "static", answer: "" }]);
  };
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h5">
          {t("Questions")}
        </Title>
        <Button size="compact-sm" variant="default" onClick={add}>
          {t("Add a question")}
        </Button>
      </Group>
      {questions.map((question, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what it is known by is edited
        <Card key={place} withBorder>
          <Group justify="space-between" mb="xs">
            <Title order={3} size="h6">
              {t("Question {n}", { n: place + 1 })}
            </Title>
            <Group gap={4}>
              <ActionIcon
                variant="default"
                disabled={place === 0}
                onClick={() => move(place, -1)}
                aria-label={t("Move question {n} up", { n: place + 1 })}
              >
                <IconArrowUp size={16} />
              </ActionIcon>
              <ActionIcon
                variant="default"
                disabled={place === questions.length - 1}
                onClick={() => move(place, 1)}
                aria-label={t("Move question {n} down", { n: place + 1 })}
              >
                <IconArrowDown size={16} />
              </ActionIcon>
              <ActionIcon
                variant="default"
                disabled={questions.length === 1}
                onClick={() => set(questions.filter((_, at) => at !== place))}
                aria-label={t("Remove question {n}", { n: place + 1 })}
              >
                <IconX size={16} />
              </ActionIcon>
            </Group>
          </Group>
          <Fields
            question={question}
            earlier={questions.slice(0, place).map(({ id }) => id)}
            put={(changed) => put(place, changed)}
          />
        </Card>
      ))}
    </Stack>
  );
}

function Fields({
  question,
  earlier,
  put,
}: {
  question: Question;
  earlier: string[];
  put: (question: Question) => void;
}) {
  const mode = modeOf(question);
  const set = (changed: Record<string, unknown>) => put({ ...question, mode, ...changed });
  const has = (name: string) => FIELDS[mode]?.includes(name) ?? false;
  const before = useRef<Question>(question); // for the way back to an earlier kind
  const become = (next: string) => {
    const known = { ...before.current, ...question };
    before.current = known;
    const kept = Object.entries(known).filter(
      ([name]) => EVERY.includes(name) || FIELDS[next]?.includes(name),
    );
    const answers = texts(question.answers ?? question.answer ?? known.answers ?? known.answer);
    const changed = Object.fromEntries(kept) as Question;
    delete changed.answer;
    delete changed.answers;
    if (next === "multi_select") changed.answer = answers;
    else if (next === "static" && answers.length > 1) changed.answers = answers;
    else if (FIELDS[next]?.includes("answer")) changed.answer = answers[0];
    put({ ...changed, mode: next });
  };
  const known = mode in FIELDS;
  const selects = mode === "single_select" || mode === "multi_select";
  return (
    <Stack gap="sm">
      <Textarea
        label={t("What players are asked")}
        value={question.prompt}
        onChange={(event) => set({ prompt: event.currentTarget.value })}
        autosize
        required
        withAsterisk={false}
      />
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
        <NativeSelect
          label={t("The answer is")}
          value={mode}
          onChange={(event) => become(event.currentTarget.value)}
          data={known ? MODES() : [...MODES(), { value: mode, label: mode }]}
        />
        <TextInput
          label={t("Id")}
          description={t("a-z, 0-9 and _")}
          value={question.id}
          onChange={(event) => set({ id: event.currentTarget.value })}
          pattern="[a-z][a-z0-9_]*"
          required
          withAsterisk={false}
        />
        <NumberInput
          label={t("Wrong answers allowed")}
          placeholder={t("as the platform says")}
          value={(question.attempts as number | undefined) ?? ""}
          onChange={(count) => set({ attempts: Number(count) || undefined })}
          min={1}
        />
      </SimpleGrid>
      {selects && (
        <TagsInput
          splitChars={[]}
          label={t("Choices")}
          description={t("Enter after each")}
          value={texts(question.choices)}
          onChange={(choices) => set({ choices })}
        />
      )}
      {mode === "static" && (
        <TagsInput
          splitChars={[]}
          label={t("Right answers")}
          description={t("Enter after each; any of them is right")}
          value={texts(question.answers ?? question.answer).filter(Boolean)}
          onChange={(answers) =>
            set(
              answers.length > 1
                ? { answers, answer: undefined }
                : { answer: answers[0], answers: undefined },
            )
          }
        />
      )}
      {(mode === "numeric" || mode === "single_select") && (
        <TextInput
          label={t("Right answer")}
          value={String(question.answer ?? "")}
          onChange={(event) => set({ answer: event.currentTarget.value })}
          required
          withAsterisk={false}
        />
      )}
      {mode === "multi_select" && (
        <TagsInput
          splitChars={[]}
          label={t("Right answers")}
          description={t("All of them together")}
          value={texts(question.answer)}
          onChange={(answer) => set({ answer })}
        />
      )}
      {mode === "numeric" && (
        <TextInput
          label={t("Tolerance")}
          description={t("How far from it an answer is still right")}
          value={String(question.tolerance ?? "")}
          onChange={(event) => set({ tolerance: event.currentTarget.value })}
        />
      )}
      {mode === "pattern" && (
        <TextInput
          label={t("Pattern")}
          description={t("A regular expression that the whole answer fits")}
          value={String(question.pattern ?? "")}
          onChange={(event) => set({ pattern: event.currentTarget.value })}
          required
          withAsterisk={false}
        />
      )}
      {mode === "dynamic" && (
        <NativeSelect
          label={t("It looks like")}
          value={String(question.format ?? "flag")}
          onChange={(event) =>
            set({ format: event.currentTarget.value === "raw" ? "raw" : undefined })
          }
          data={[
            { value: "flag", label: "FLAG{…}" },
            { value: "raw", label: t("32 hexadecimal digits") },
          ]}
        />
      )}
      {has("ignore_case") && (
        <Checkbox
          label={t("Small and capital letters are the same")}
          checked={Boolean(question.ignore_case)}
          onChange={(event) => set({ ignore_case: event.currentTarget.checked })}
        />
      )}
      {earlier.length > 0 && (
        <TagsInput
          splitChars={[]}
          label={t("Asked after these were answered")}
          data={earlier}
          value={texts(question.requires)}
          onChange={(requires) => set({ requires: requires.length ? requires : undefined })}
        />
      )}
    </Stack>
  );
}
