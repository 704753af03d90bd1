import { Button, Card, Checkbox, NativeSelect, Stack, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, type TeamDetail } from "../api/client";
import { Confirm } from "../components/Confirm";
import { notify } from "../components/toasts";
import { t } from "../i18n";

type Standing = "ranked" | "hidden" | "disqualified";

/** What an organiser corrects of a team: its name, its bracket, and whether it is ranked. */
export function TeamStanding({ team }: { team: TeamDetail }) {
  const competition_id = team.competition_id ?? "";
  const competition = api.useQuery("get", "/api/v1/competitions/{competition_id}", {
    params: { path: { competition_id } },
  });
  const [name, setName] = useState(team.name);
  const [bracket, setBracket] = useState(team.bracket ?? "");
  const [standing, setStanding] = useState<Standing>("disqualified");
  const [reason, setReason] = useState("");
  const [shown, setShown] = useState(false);
  const correct = api.useMutation(
    "patch",
    "/api/v1/admin/competitions/{competition_id}/teams/{team_id}",
    { onSuccess: () => notify(t("Saved")) },
  );
  const params = { path: { competition_id, team_id: team.id } };
  const ranked = (team.standing ?? "ranked") === "ranked";
  const brackets = competition.data?.brackets ?? [];
  const rename = (event: FormEvent) => {
    event.preventDefault();
    correct.mutate({ params, body: { name, bracket: brackets.length ? bracket : undefined } });
  };
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Name and ranking")}
      </Title>
      <Stack gap="md">
        <form onSubmit={rename}>
          <Stack gap="xs">
            <TextInput
              label={t("Name")}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              maxLength={80}
              required
              withAsterisk={false}
            />
            {brackets.length > 0 && (
              <NativeSelect
                label={t("Bracket")}
                value={bracket}
                onChange={(event) => setBracket(event.currentTarget.value)}
                data={[{ value: "", label: "–" }, ...brackets]}
              />
            )}
            <Button type="submit" variant="default" disabled={!name.trim()}>
              {t("Save")}
            </Button>
          </Stack>
        </form>
        {ranked ? (
          <Stack gap="xs">
            <NativeSelect
              label={t("Take it out of the ranking")}
              value={standing}
              onChange={(event) => setStanding(event.currentTarget.value as Standing)}
              data={[
                { value: "disqualified", label: t("disqualified") },
                { value: "hidden", label: t("hidden, as the organisers' own") },
              ]}
            />
            <TextInput
              label={t("Reason")}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              maxLength={500}
            />
            <Checkbox
              label={t("Players read the reason")}
              checked={shown}
              onChange={(event) => setShown(event.currentTarget.checked)}
            />
            <Confirm
              label={t("Take out")}
              question={t("Take {team} out of the ranking?", { team: team.name })}
              act={() =>
                correct.mutate({
                  params,
                  body: { standing, standing_reason: reason, standing_reason_shown: shown },
                })
              }
            >
              {t("It plays on, without rank and first blood, and changes no value.")}
            </Confirm>
          </Stack>
        ) : (
          <Button
            variant="default"
            onClick={() => correct.mutate({ params, body: { standing: "ranked" } })}
          >
            {t("Rank it again")}
          </Button>
        )}
      </Stack>
    </Card>
  );
}
