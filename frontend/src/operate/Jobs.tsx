import { Button, Card, Group, Stack, Switch, Text } from "@mantine/core";
import { useState } from "react";
import { api, type ScheduledJobInfo } from "../api/client";
import { StateBadge } from "../components/badges";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { asWords, t } from "../i18n";
import { NumberInput } from "./inputs";

/** Scheduled jobs: how often each runs, how the last run went; pause it, run it now. */
export function Jobs() {
  const query = api.useQuery(
    "get",
    "/api/v1/admin/scheduled-jobs",
    {},
    { refetchInterval: 10_000 },
  );
  return (
    <Page title={t("Scheduled jobs")} size="xl">
      <Loaded query={query} height={400}>
        {(jobs) => (
          <Stack gap="xs">
            {jobs.map((job) => (
              <Job key={job.name} job={job} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Job({ job }: { job: ScheduledJobInfo }) {
  const path = { name: job.name ?? "" };
  const [interval, setInterval] = useState<number | string>(job.interval_s ?? 0);
  const patch = api.useMutation("patch", "/api/v1/admin/scheduled-jobs/{name}", {
    onSuccess: () => notify(t("Saved")),
  });
  const run = api.useMutation("post", "/api/v1/admin/scheduled-jobs/{name}/run", {
    onSuccess: () => notify(t("Started: see the tasks")),
  });
  return (
    <Card p="sm">
      <Group justify="space-between" gap="sm">
        <div className="grow">
          <Group gap="xs">
            <Text fw={600}>{asWords(job.name ?? "")}</Text>
            <StateBadge state={job.last_status} />
          </Group>
          <Text size="sm" c="dimmed">
            {job.description}
          </Text>
          <Text size="sm" c="dimmed" className="wrap">
            {t("last")} <Ago at={job.last_run_at_ts} /> · {t("next")}{" "}
            <Ago at={job.next_run_at_ts} />
            {job.last_error || job.last_summary ? ` · ${job.last_error || job.last_summary}` : ""}
          </Text>
        </div>
        <Group gap="xs" align="center">
          <Switch
            aria-label={t("Let {name} run", { name: job.name ?? "" })}
            checked={job.enabled ?? false}
            onChange={(event) =>
              patch.mutate({ params: { path }, body: { enabled: event.currentTarget.checked } })
            }
          />
          <NumberInput
            aria-label={t("Seconds between runs of {name}", { name: job.name ?? "" })}
            value={interval}
            onChange={setInterval}
            min={1}
            suffix=" s"
            w={110}
            onBlur={() =>
              Number(interval) !== job.interval_s &&
              patch.mutate({ params: { path }, body: { interval_s: Number(interval) } })
            }
          />
          <Button size="xs" variant="default" onClick={() => run.mutate({ params: { path } })}>
            {t("Run now")}
          </Button>
        </Group>
      </Group>
    </Card>
  );
}
