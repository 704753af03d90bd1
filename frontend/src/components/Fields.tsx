import {
  Button,
  Checkbox,
  Group,
  NativeSelect,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import {
  type AnsweredField,
  ApiError,
  type CustomFieldInfo,
  type PublicAnswer,
} from "../api/client";
import { moment, t } from "../i18n";

export type Answers = Record<string, string | number | boolean | null>;

/** What somebody types into fields, over what is there already. */
export function useAnswers(fields: (CustomFieldInfo & Partial<AnsweredField>)[] = []) {
  const [typed, setTyped] = useState<Answers>({});
  const held = Object.fromEntries(fields.map(({ name, value }) => [name, value ?? null]));
  return {
    answers: { ...held, ...typed },
    typed,
    change: (name: string, value: Answers[string]) =>
      setTyped((before) => ({ ...before, [name]: value })),
    forget: () => setTyped({}),
  };
}

/** What a refusal says of single fields, by their names. */
function refusals(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  if (error.code === "field_invalid") return { [String(error.context.field)]: error.message };
  if (error.code !== "fields_missing") return {};
  const missing = (error.context.fields ?? []) as { name: string }[];
  return Object.fromEntries(missing.map(({ name }) => [name, t("This is needed")]));
}

const LONG = 200; // characters; a text that may have more is typed in several lines

/** Inputs for what is asked. */
export function FieldInputs({
  fields,
  answers,
  change,
  error,
}: {
  fields: CustomFieldInfo[];
  answers: Answers;
  change: (name: string, value: Answers[string]) => void;
  error?: unknown;
}) {
  const refused = refusals(error);
  return fields.map((field) => {
    const { name, kind, required = false } = field;
    const common = {
      label: field.label,
      description: note(field),
      error: refused[name],
      required,
    };
    if (kind === "consent")
      return (
        <Checkbox
          key={name}
          {...common}
          checked={answers[name] === true}
          onChange={(event) => change(name, event.currentTarget.checked)}
        />
      );
    const value = String(answers[name] ?? "");
    const typed = {
      ...common,
      value,
      onChange: (event: { currentTarget: { value: string } }) =>
        change(name, event.currentTarget.value),
    };
    if (kind === "choice")
      return (
        <NativeSelect
          key={name}
          {...typed}
          data={[{ value: "", label: "–" }, ...(field.options ?? [])]}
        />
      );
    if (kind === "number")
      return (
        <TextInput
          key={name}
          {...typed}
          type="number"
          step="any"
          min={field.minimum ?? undefined}
          max={field.maximum ?? undefined}
          maw={240}
        />
      );
    const most = field.maximum ?? LONG;
    return most > LONG ? (
      <Textarea key={name} {...typed} maxLength={most} autosize minRows={2} />
    ) : (
      <TextInput key={name} {...typed} maxLength={most} />
    );
  });
}

/** What stands below a field: what the operators say of it, and who reads the answer. */
const note = (field: CustomFieldInfo & Partial<AnsweredField>) =>
  [
    field.description,
    field.public && t("Everybody sees the answer."),
    field.kind === "consent" &&
      field.given_at &&
      t("Given {when}.", { when: moment(field.given_at) }),
  ]
    .filter(Boolean)
    .join(" ") || undefined;

/** A form of what is asked, with what is there already. */
export function AnswersForm({
  fields,
  save,
  busy,
  error,
}: {
  fields: AnsweredField[];
  save: (answers: Answers) => Promise<unknown>;
  busy: boolean;
  error: unknown;
}) {
  const { answers, typed, change, forget } = useAnswers(fields);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save(typed).then(forget, () => {});
      }}
    >
      <Stack>
        <FieldInputs fields={fields} answers={answers} change={change} error={error} />
        <Group>
          <Button type="submit" loading={busy} disabled={!Object.keys(typed).length}>
            {t("Save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** An answer as it is read. */
export const answer = (value: unknown) =>
  value === true ? t("yes") : value == null ? "–" : String(value);

/** The answers that everybody sees beside somebody's name. */
export function PublicAnswers({ answers = [] }: { answers?: PublicAnswer[] }) {
  return answers.map(({ name, label, value }) => (
    <Text key={name} size="sm" c="dimmed" className="wrap">
      {label}: {answer(value)}
    </Text>
  ));
}
