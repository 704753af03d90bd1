import { Button, Card, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { Confirm } from "../components/Confirm";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { signed, t } from "../i18n";
import { NumberInput } from "./inputs";

/** Awards and penalties of a team: what it was given, giving it more, taking that back. */
export function TeamPoints({ teamId, competitionId }: { teamId: string; competitionId: string }) {
  const path = { competition_id: competitionId };
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/awards", {
    params: { path, query: { team_id: teamId, limit: 200 } },
  });
  const revoke = api.useMutation(
    "delete",
    "/api/v1/admin/competitions/{competition_id}/awards/{award_id}",
    { onSuccess: () => notify(t("Taken back")) },
  );
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Awards and penalties")}
      </Title>
      <Stack gap="xs">
        <Loaded query={query} height={40}>
          {({ items }) => (
            <>
              {items.map((award) => (
                <Group key={award.id} gap="xs" wrap="nowrap" align="flex-start">
                  <Text size="sm" fw={600} className="digits" miw="3.5rem" ta="right">
                    {signed(award.points ?? 0)}
                  </Text>
                  <Text size="sm" className="wrap grow" component="div">
                    {award.reason}
                    <Text size="xs" c="dimmed">
                      {award.awarded_by_name} <Ago at={award.awarded_at} />
                    </Text>
                  </Text>
                  <Confirm
                    size="compact-xs"
                    label={t("Take back")}
                    question={t("Take back {points} points?", {
                      points: signed(award.points ?? 0),
                    })}
                    act={() => revoke.mutate({ params: { path: { ...path, award_id: award.id } } })}
                  >
                    {award.reason}
                  </Confirm>
                </Group>
              ))}
              {items.length === 0 && (
                <Text size="sm" c="dimmed">
                  {t("None yet.")}
                </Text>
              )}
            </>
          )}
        </Loaded>
        <Give teamId={teamId} competitionId={competitionId} />
      </Stack>
    </Card>
  );
}

function Give({ teamId, competitionId }: { teamId: string; competitionId: string }) {
  const [points, setPoints] = useState<number | string>("");
  const [reason, setReason] = useState("");
  const give = api.useMutation(
    "post",
    "/api/v1/admin/competitions/{competition_id}/teams/{team_id}/awards",
    {
      onSuccess: ({ points: given = 0 }) => {
        setPoints("");
        setReason("");
        notify(t("{points} points", { points: signed(given) }));
      },
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const path = { competition_id: competitionId, team_id: teamId };
    give.mutate({ params: { path }, body: { points: Number(points), reason } });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <NumberInput
          label={t("Points")}
          description={t("Below zero: a penalty")}
          value={points}
          onChange={setPoints}
          allowDecimal={false}
          min={-1_000_000}
          max={1_000_000}
          required
          withAsterisk={false}
        />
        <TextInput
          label={t("Reason")}
          description={t("The team reads it.")}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={200}
          required
          withAsterisk={false}
        />
        <Button
          type="submit"
          variant="default"
          loading={give.isPending}
          disabled={!Number(points) || !reason.trim()}
        >
          {Number(points) < 0 ? t("Take points") : t("Give points")}
        </Button>
      </Stack>
    </form>
  );
}
