import {
  Alert,
  Button,
  Card,
  Checkbox,
  Group,
  NativeSelect,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { useState } from "react";
import { ApiError, api, type CustomFieldAdminInfo, type CustomFieldCreate } from "../api/client";
import { useMe } from "../api/me";
import { Confirm } from "../components/Confirm";
import { Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { type Message, t } from "../i18n";
import { NumberInput, TagsInput } from "./inputs";

type Kind = CustomFieldCreate["kind"];

const KINDS: Record<Kind, Message> = {
  text: "Text",
  choice: "Choice",
  number: "Number",
  consent: "Consent",
};

/** What the platform asks of everybody; super administrators change it. */
export function PlatformFields() {
  const me = useMe().data!;
  const query = api.useQuery("get", "/api/v1/admin/fields");
  const quiet = { meta: { quiet: true }, onSuccess: () => notify(t("Saved")) };
  const create = api.useMutation("post", "/api/v1/admin/fields", quiet);
  const change = api.useMutation("patch", "/api/v1/admin/fields/{field_id}", quiet);
  const remove = api.useMutation("delete", "/api/v1/admin/fields/{field_id}");
  const at = (field_id: string) => ({ path: { field_id } });
  return (
    <Fields
      lead={t("Asked of whoever makes an account. Who has one is asked at their next visit.")}
      query={query}
      mayChange={me.role === "super_admin"}
      create={(body) => create.mutateAsync({ body })}
      change={(id, body) => change.mutateAsync({ params: at(id), body })}
      remove={(id) => remove.mutate({ params: { ...at(id), query: { force: true } } })}
    />
  );
}

/** What a competition asks of those who register. */
export function CompetitionFields({ competitionId }: { competitionId: string }) {
  const path = { competition_id: competitionId };
  const quiet = { meta: { quiet: true }, onSuccess: () => notify(t("Saved")) };
  const all = "/api/v1/admin/competitions/{competition_id}/fields";
  const one = "/api/v1/admin/competitions/{competition_id}/fields/{field_id}";
  const query = api.useQuery("get", all, { params: { path } });
  const create = api.useMutation("post", all, quiet);
  const change = api.useMutation("patch", one, quiet);
  const remove = api.useMutation("delete", one);
  const at = (field_id: string) => ({ path: { ...path, field_id } });
  return (
    <Fields
      lead={t("Asked of whoever registers. Who takes part finds it on the page of their team.")}
      query={query}
      mayChange
      create={(body) => create.mutateAsync({ params: { path }, body })}
      change={(id, body) => change.mutateAsync({ params: at(id), body })}
      remove={(id) => remove.mutate({ params: { ...at(id), query: { force: true } } })}
    />
  );
}

interface Changes {
  create: (body: CustomFieldCreate) => Promise<unknown>;
  change: (id: string, body: Partial<CustomFieldCreate>) => Promise<unknown>;
  remove: (id: string) => void;
}

function Fields({
  lead,
  query,
  mayChange,
  ...changes
}: {
  lead: string;
  query: {
    data?: CustomFieldAdminInfo[];
    error: unknown;
    isLoading: boolean;
    refetch: () => unknown;
  };
  mayChange: boolean;
} & Changes) {
  const [editing, setEditing] = useState<string | null>(null); // "": a new one
  const done = () => setEditing(null);
  return (
    <Card component="section">
      <Group justify="space-between" mb="xs">
        <div className="grow">
          <Title order={2} size="h5">
            {t("Asked at registration")}
          </Title>
          <Text size="sm" c="dimmed">
            {lead}
          </Text>
        </div>
        {mayChange && editing === null && (
          <Button size="xs" variant="default" onClick={() => setEditing("")}>
            {t("New field")}
          </Button>
        )}
      </Group>
      <Loaded query={{ ...query, data: query.data }} height={40}>
        {(fields) => (
          <Stack gap="xs">
            {fields.map((field) =>
              editing === field.id ? (
                <FieldForm
                  key={field.id}
                  start={field}
                  save={({ name: _name, kind: _kind, ...body }) => changes.change(field.id, body)}
                  done={done}
                />
              ) : (
                <Group key={field.id} justify="space-between" gap="xs">
                  <div className="grow">
                    <Text size="sm" className="wrap">
                      {field.label}{" "}
                      <Text span className="mono" c="dimmed" size="xs">
                        {field.name}
                      </Text>
                    </Text>
                    <Text size="xs" c="dimmed" className="wrap">
                      {facts(field)}
                    </Text>
                  </div>
                  {mayChange && (
                    <Group gap={4}>
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={t("Edit {title}", { title: field.label })}
                        onClick={() => setEditing(field.id)}
                      >
                        {t("Edit")}
                      </Button>
                      <Confirm
                        size="compact-xs"
                        label={t("Delete")}
                        question={t("Delete {title}?", { title: field.label })}
                        act={() => changes.remove(field.id)}
                      >
                        {t("{n} answer goes with it.|{n} answers go with it.", {
                          n: field.answers ?? 0,
                        })}
                      </Confirm>
                    </Group>
                  )}
                </Group>
              ),
            )}
            {!fields.length && editing === null && (
              <Text size="sm" c="dimmed">
                {t("Nothing is asked.")}
              </Text>
            )}
            {editing === "" && <FieldForm save={changes.create} done={done} />}
          </Stack>
        )}
      </Loaded>
    </Card>
  );
}

const facts = (field: CustomFieldAdminInfo) =>
  [
    t(KINDS[field.kind as Kind] ?? "Text"),
    field.required ? t("required") : t("optional"),
    field.public ? t("public") : t("for operators"),
    ...(field.options ?? []),
    t("{n} answer|{n} answers", { n: field.answers ?? 0 }),
  ].join(" · ");

const NEW: CustomFieldCreate = { name: "", label: "", kind: "text" };
const RANGES: Kind[] = ["text", "number"];

/** A new field, or one that is there: its name and kind stay. */
function FieldForm({
  start,
  save,
  done,
}: {
  start?: CustomFieldAdminInfo;
  save: (body: CustomFieldCreate) => Promise<unknown>;
  done: () => void;
}) {
  const [draft, setDraft] = useState<CustomFieldCreate>(() => (start ? body(start) : NEW));
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (next: Partial<CustomFieldCreate>) => setDraft((before) => ({ ...before, ...next }));
  const send = async () => {
    setBusy(true);
    try {
      await save({ ...draft, position: draft.position ?? undefined });
      done();
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : new ApiError(0, "error", String(caught)));
    } finally {
      setBusy(false);
    }
  };
  const wrong = error?.fields ?? {};
  const kind = draft.kind;
  const ranged = RANGES.includes(kind);
  return (
    <Card>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Stack gap="sm">
          <Group grow align="flex-start">
            <TextInput
              label={t("Label")}
              value={draft.label}
              onChange={(event) => set({ label: event.currentTarget.value })}
              maxLength={120}
              required
              withAsterisk={false}
              error={wrong.label}
            />
            <TextInput
              label={t("Name for programs")}
              description={t("Small letters, digits and _")}
              value={draft.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
              pattern="[a-z][a-z0-9_]{0,31}"
              maxLength={32}
              disabled={Boolean(start)}
              required
              withAsterisk={false}
              error={wrong.name}
            />
            <NativeSelect
              label={t("Kind")}
              value={kind}
              disabled={Boolean(start)}
              onChange={(event) =>
                set({
                  kind: event.currentTarget.value as Kind,
                  options: [],
                  minimum: null,
                  maximum: null,
                })
              }
              data={Object.entries(KINDS).map(([value, word]) => ({ value, label: t(word) }))}
            />
          </Group>
          <Textarea
            label={t("Description")}
            value={draft.description ?? ""}
            onChange={(event) => set({ description: event.currentTarget.value })}
            maxLength={2000}
            autosize
            minRows={1}
            error={wrong.description}
          />
          {kind === "choice" && (
            <TagsInput
              label={t("Options")}
              value={draft.options ?? []}
              onChange={(options) => set({ options })}
              error={wrong.options}
            />
          )}
          <Group align="flex-start">
            {ranged && (
              <>
                <NumberInput
                  label={kind === "text" ? t("Fewest characters") : t("Lowest value")}
                  value={draft.minimum ?? ""}
                  onChange={(minimum) => set({ minimum: number(minimum) })}
                  error={wrong.minimum}
                  w={160}
                />
                <NumberInput
                  label={kind === "text" ? t("Most characters") : t("Highest value")}
                  value={draft.maximum ?? ""}
                  onChange={(maximum) => set({ maximum: number(maximum) })}
                  error={wrong.maximum}
                  w={160}
                />
              </>
            )}
            <NumberInput
              label={t("Position")}
              value={draft.position ?? ""}
              onChange={(position) => set({ position: number(position) })}
              error={wrong.position}
              w={160}
            />
          </Group>
          <Checkbox
            label={kind === "consent" ? t("It must be given") : t("It must be answered")}
            checked={draft.required ?? false}
            onChange={(event) => set({ required: event.currentTarget.checked })}
          />
          <Checkbox
            label={t("Everybody sees the answer, not operators alone")}
            checked={draft.public ?? false}
            onChange={(event) => set({ public: event.currentTarget.checked })}
          />
          {error && !error.issues.length && (
            <Alert color="red" role="alert">
              {error.message}
            </Alert>
          )}
          <Group>
            <Button type="submit" size="xs" loading={busy}>
              {t("Save")}
            </Button>
            <Button size="xs" variant="default" onClick={done}>
              {t("Cancel")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

/** An empty number is none. */
const number = (value: number | string) => (value === "" ? null : Number(value));

const body = (field: CustomFieldAdminInfo): CustomFieldCreate => ({
  name: field.name,
  kind: field.kind as Kind,
  label: field.label,
  description: field.description,
  required: field.required,
  public: field.public,
  position: field.position,
  options: field.options,
  minimum: field.minimum,
  maximum: field.maximum,
});
