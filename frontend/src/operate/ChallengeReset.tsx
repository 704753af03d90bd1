import { Alert, Button, Card, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type ChallengeResetInfo, type CompetitionChallengeInfo, http } from "../api/client";
import { Confirm } from "../components/Confirm";
import { Failure, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { t } from "../i18n";

/** How much a reset takes back, or took. */
export function countsOf(counts: ChallengeResetInfo): string {
  const { teams = 0, solves = 0, answers = 0, hints = 0, attempts = 0, submissions = 0 } = counts;
  return [
    t("{n} team|{n} teams", { n: teams }),
    t("{n} solve|{n} solves", { n: solves }),
    t("{n} answered question|{n} answered questions", { n: answers }),
    t("{n} hint|{n} hints", { n: hints }),
    t("{n} attempt used|{n} attempts used", { n: attempts }),
    t("{n} submission|{n} submissions", { n: submissions }),
  ].join(", ");
}

/** Take back what teams did with a challenge: it is counted first, and then asked twice. */
export function ChallengeReset({
  competitionId,
  challenge,
  close,
}: {
  competitionId: string;
  challenge: CompetitionChallengeInfo;
  close: () => void;
}) {
  const { challenge_id } = challenge;
  const path = { competition_id: competitionId, challenge_id };
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [sure, setSure] = useState(false);
  const route =
    "/api/v1/admin/competitions/{competition_id}/challenges/{challenge_id}/reset" as const;
  const counted = useQuery({
    queryKey: ["challenge-reset", competitionId, challenge_id],
    queryFn: async () =>
      (await http.POST(route, { params: { path }, body: { dry_run: true } })).data!,
    gcTime: 0,
  });
  const reset = api.useMutation("post", route, {
    meta: { quiet: true },
    onSuccess: () => {
      notify(t("The challenge begins anew"));
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (sure) reset.mutate({ params: { path }, body: { dry_run: false, reason } });
    else setSure(true);
  };
  const name = challenge.name || challenge_id;
  const error = reset.error as unknown;
  return (
    <Modal opened onClose={close} title={t("Reset {name}?", { name })} size="lg">
      <Loaded query={counted} height={120}>
        {(counts) => (
          <form onSubmit={submit}>
            <Stack>
              <Text size="sm">{t("This is taken back from every team:")}</Text>
              <Text size="sm" fw={600}>
                {countsOf(counts)}
              </Text>
              <Text size="sm" c="dimmed">
                {t(
                  "Points, ranks and first bloods follow. Submissions stay on record, and the same answer counts again. Instances go on.",
                )}
              </Text>
              {counts.teams ? (
                <>
                  <TextInput
                    label={t("Reason, which players read")}
                    value={reason}
                    onChange={(event) => setReason(event.currentTarget.value)}
                    maxLength={500}
                    required
                    disabled={sure}
                    data-autofocus
                  />
                  {sure && (
                    <>
                      <Alert color="red">
                        {t(
                          "Everybody in the competition is told. Undoing it is offered below the list.",
                        )}
                      </Alert>
                      <TextInput
                        label={t("Type “{word}” to go on", { word: challenge_id })}
                        value={typed}
                        onChange={(event) => setTyped(event.currentTarget.value)}
                        autoComplete="off"
                        autoFocus
                      />
                    </>
                  )}
                </>
              ) : (
                <Text size="sm">{t("Nobody has done anything with it yet.")}</Text>
              )}
              {error ? <Failure error={error} /> : null}
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>
                  {t("Cancel")}
                </Button>
                <Button
                  type="submit"
                  color="red.9"
                  loading={reset.isPending}
                  disabled={!counts.teams || !reason.trim() || (sure && typed !== challenge_id)}
                >
                  {sure ? t("Reset now") : t("Go on")}
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Loaded>
    </Modal>
  );
}

/** What was reset in a competition, and undoing it. */
export function Resets({ competitionId }: { competitionId: string }) {
  const query = api.useQuery(
    "get",
    "/api/v1/admin/competitions/{competition_id}/challenge-resets",
    { params: { path: { competition_id: competitionId }, query: { limit: 100 } } },
  );
  const undo = api.useMutation(
    "post",
    "/api/v1/admin/competitions/{competition_id}/challenge-resets/{reset_id}/undo",
    { onSuccess: () => notify(t("What was taken back counts again")) },
  );
  if (!query.data?.items.length) return null;
  return (
    <Card mt="md">
      <Title order={2} size="h5" mb="sm">
        {t("Resets")}
      </Title>
      <Stack gap="sm">
        {query.data.items.map((row) => (
          <Group key={row.id} justify="space-between" wrap="nowrap">
            <div>
              <Text size="sm">
                {row.challenge_id}: {row.reason} · <Ago at={row.reset_at} />
              </Text>
              <Text size="xs" c="dimmed">
                {countsOf(row)}
              </Text>
            </div>
            {row.undone_at ? (
              <Text size="sm" c="dimmed">
                {t("undone")}
              </Text>
            ) : (
              <Confirm
                size="compact-sm"
                danger={false}
                label={t("Undo")}
                question={t("Give back what was taken?")}
                act={() =>
                  undo.mutate({
                    params: { path: { competition_id: competitionId, reset_id: row.id ?? "" } },
                  })
                }
              >
                {t("What teams did since stays; of several right answers the first counts.")}
              </Confirm>
            )}
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
