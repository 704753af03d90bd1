import {
  Button,
  Checkbox,
  Group,
  Modal,
  NativeSelect,
  SimpleGrid,
  Stack,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import {
  ApiError,
  api,
  type CompetitionChallengeInfo,
  type CompetitionChallengeUpdate,
} from "../api/client";
import { StateBadge } from "../components/badges";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { Empty, Failure } from "../components/states";
import { notify } from "../components/toasts";
import { moment, t } from "../i18n";
import { ChallengeOrder } from "./ChallengeOrder";
import { ChallengeReset, Resets } from "./ChallengeReset";
import { NumberInput } from "./inputs";
import { fromLocal, toLocal } from "./times";

/** What a competition makes of its challenges: whether they show, and their rules there. */
export function CompetitionChallenges({ competitionId }: { competitionId: string }) {
  const [{ offset = 0 }] = useFilters();
  const [edited, edit] = useState<CompetitionChallengeInfo>();
  const [anew, begin] = useState<CompetitionChallengeInfo>();
  const [ordering, order] = useState(false);
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/challenges", {
    params: { path: { competition_id: competitionId }, query: { limit: PER_PAGE, offset } },
  });
  if (ordering) return <ChallengeOrder competitionId={competitionId} close={() => order(false)} />;
  return (
    <>
      {(query.data?.total ?? 0) > 1 && (
        <Group justify="flex-end" mb="sm">
          <Button variant="default" onClick={() => order(true)}>
            {t("Change the order")}
          </Button>
        </Group>
      )}
      <Listing
        label={t("Challenges")}
        query={query}
        id={(row) => row.challenge_id}
        empty={<Empty title={t("No challenge yet")}>{t("Choose some under “Settings”.")}</Empty>}
        columns={[
          { title: t("Challenge"), cell: (row) => row.name },
          {
            title: t("State"),
            cell: (row) => (
              <Group gap={6}>
                <StateBadge state={row.state} />
                {row.state === "draft" && row.release_at && (
                  <span>{t("until {time}", { time: moment(row.release_at) })}</span>
                )}
              </Group>
            ),
          },
          { title: t("Value"), right: true, wide: true, cell: (row) => worth(row.value) },
          { title: t("Solves"), right: true, wide: true, cell: (row) => row.solves },
          {
            title: t("Change"),
            right: true,
            cell: (row) => (
              <Group gap={6} justify="flex-end">
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => edit(row)}
                  aria-label={t("Change {name}", { name: row.name || row.challenge_id })}
                >
                  {t("Change")}
                </Button>
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => begin(row)}
                  aria-label={t("Reset {name}", { name: row.name || row.challenge_id })}
                >
                  {t("Reset")}
                </Button>
              </Group>
            ),
          },
        ]}
      />
      {edited && (
        <Rules competitionId={competitionId} start={edited} close={() => edit(undefined)} />
      )}
      {anew && (
        <ChallengeReset
          competitionId={competitionId}
          challenge={anew}
          close={() => begin(undefined)}
        />
      )}
      <Resets competitionId={competitionId} />
    </>
  );
}

type Value = CompetitionChallengeInfo["value"];

function worth(value: Value): string {
  if (value === null || value === undefined) return t("its own");
  return typeof value === "number" ? String(value) : `${value.initial}–${value.minimum}`;
}

function Rules({
  competitionId,
  start,
  close,
}: {
  competitionId: string;
  start: CompetitionChallengeInfo;
  close: () => void;
}) {
  const [draft, setDraft] = useState<CompetitionChallengeUpdate>(start);
  const set = (changed: CompetitionChallengeUpdate) => setDraft({ ...draft, ...changed });
  const path = { competition_id: competitionId, challenge_id: start.challenge_id };
  const change = api.useMutation(
    "patch",
    "/api/v1/admin/competitions/{competition_id}/challenges/{challenge_id}",
    {
      meta: { quiet: true },
      onSuccess: () => {
        notify(t("Saved"));
        close();
      },
    },
  );
  const error = change.error as unknown;
  const fields = error instanceof ApiError ? error.fields : {};
  const falls = typeof draft.value === "object" ? draft.value : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { state, release_at, value, max_attempts, lifetime_s, ends_when_solved } = draft;
    const draftsOnly = state === "draft" ? { release_at: release_at ?? null } : {};
    change.mutate({
      params: { path },
      body: { state, value, max_attempts, lifetime_s, ends_when_solved, ...draftsOnly },
    });
  };
  return (
    <Modal opened onClose={close} title={start.name || start.challenge_id} size="lg">
      <form onSubmit={submit}>
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NativeSelect
              label={t("State")}
              value={draft.state ?? "visible"}
              onChange={(event) => set({ state: event.currentTarget.value as "draft" })}
              data={[
                { value: "visible", label: t("visible") },
                { value: "draft", label: t("draft: only operators see it") },
                { value: "hidden", label: t("hidden: not offered any more") },
              ]}
              error={fields.state}
              data-autofocus
            />
            <TextInput
              type="datetime-local"
              label={t("Visible from")}
              value={toLocal(draft.release_at)}
              onChange={(event) => set({ release_at: fromLocal(event.currentTarget.value) })}
              disabled={draft.state !== "draft"}
              error={fields.release_at}
            />
            <NumberInput
              label={t("Value")}
              placeholder={t("its own")}
              value={(falls ? falls.initial : (draft.value as number | null)) ?? ""}
              onChange={(points) => {
                const initial = points === "" ? null : Number(points);
                set({ value: falls && initial !== null ? { ...falls, initial } : initial });
              }}
              min={0}
              error={fields.value}
            />
            {falls && (
              <NumberInput
                label={t("At least")}
                value={falls.minimum}
                onChange={(points) => set({ value: { ...falls, minimum: Number(points) || 0 } })}
                min={0}
              />
            )}
            <NumberInput
              label={t("Wrong answers per question")}
              placeholder={t("its own")}
              value={draft.max_attempts ?? ""}
              onChange={(count) => set({ max_attempts: Number(count) || null })}
              min={1}
              error={fields.max_attempts}
            />
            <NumberInput
              label={t("Instances live, seconds")}
              placeholder={t("its own")}
              value={draft.lifetime_s ?? ""}
              onChange={(seconds) => set({ lifetime_s: Number(seconds) || null })}
              min={60}
              error={fields.lifetime_s}
            />
          </SimpleGrid>
          <Checkbox
            label={t("An instance ends when its team solved the challenge")}
            checked={draft.ends_when_solved ?? false}
            onChange={(event) => set({ ends_when_solved: event.currentTarget.checked })}
          />
          {error && !Object.keys(fields).length ? <Failure error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("Cancel")}
            </Button>
            <Button type="submit" loading={change.isPending}>
              {t("Save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
