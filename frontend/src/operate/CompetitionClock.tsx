import { Alert, Button, Card, Group, Text, Title } from "@mantine/core";
import { api, type CompetitionInfo } from "../api/client";
import { refresh } from "../api/queries";
import { Confirm } from "../components/Confirm";
import { notify } from "../components/toasts";
import { moment, t } from "../i18n";

const LONGER = [15, 30, 60];

/** The clock of a competition that runs: it is stopped, set going again, and its end put off. */
export function CompetitionClock({ competition }: { competition: CompetitionInfo }) {
  const { id, ends_at, freezes_at, paused_at } = competition;
  const params = { path: { competition_id: id } };
  const changed = (words: string) => ({
    onSuccess: async (now: CompetitionInfo) => {
      await refresh("/api/v1/competitions");
      notify(words, now.ends_at ? t("It ends {time}.", { time: moment(now.ends_at) }) : "");
    },
  });
  const pause = api.useMutation(
    "post",
    "/api/v1/admin/competitions/{competition_id}/pause",
    changed(t("Paused")),
  );
  const resume = api.useMutation(
    "post",
    "/api/v1/admin/competitions/{competition_id}/resume",
    changed(t("It goes on")),
  );
  const extend = api.useMutation(
    "post",
    "/api/v1/admin/competitions/{competition_id}/extend",
    changed(t("Extended")),
  );
  if (competition.phase !== "running" || competition.status !== "published") return null;
  const busy = pause.isPending || resume.isPending || extend.isPending;
  const reached = paused_at ? Date.parse(paused_at) : Date.now();
  const frozen = !freezes_at || Date.parse(freezes_at) <= reached;
  return (
    <Card component="section" mb="md">
      <Title order={2} size="h5" mb="xs">
        {t("Clock")}
      </Title>
      {paused_at && (
        <Alert color="orange" title={t("Paused since {time}", { time: moment(paused_at) })} mb="sm">
          {t("Once it goes on, its end, freeze and releases to come are put off by the pause.")}
        </Alert>
      )}
      <Group gap="xs">
        {paused_at ? (
          <Button size="xs" loading={busy} onClick={() => resume.mutate({ params })}>
            {t("Resume")}
          </Button>
        ) : (
          <Confirm
            size="xs"
            danger={false}
            label={t("Pause")}
            question={t("Stop the clock for everybody?")}
            act={() => pause.mutate({ params })}
          >
            {t(
              "Until it goes on nothing starts and no answer is taken. What runs stays, and nothing is lost.",
            )}
          </Confirm>
        )}
        {ends_at &&
          LONGER.map((minutes) => (
            <Button
              key={minutes}
              size="xs"
              variant="default"
              disabled={busy}
              onClick={() => extend.mutate({ params, body: { minutes } })}
            >
              {t("+{n} min: ends {time}", {
                n: minutes,
                time: moment(Date.parse(ends_at) + minutes * 60_000),
              })}
            </Button>
          ))}
      </Group>
      {ends_at && (
        <Text size="sm" c="dimmed" mt="xs">
          {t("It ends {time}.", { time: moment(ends_at) })}
          {!frozen &&
            ` ${t("The freeze, {time} now, is put off along with it.", { time: moment(freezes_at) })}`}
        </Text>
      )}
    </Card>
  );
}
