import { Alert, Button, Card, Progress, Stack, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { api } from "../api/client";
import { StateBadge } from "../components/badges";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { Ago } from "../components/time";
import { Verbatim } from "../components/Verbatim";
import { asWords, t } from "../i18n";

/** One task: its progress, its log as it is written, cancel. */
export function Task() {
  const { taskId } = useParams({ from: "/framed/admin/tasks/$taskId" });
  const path = { task_id: taskId };
  const query = api.useQuery(
    "get",
    "/api/v1/admin/tasks/{task_id}",
    { params: { path } },
    { refetchInterval: (found) => (open(found.state.data?.status) ? 1000 : false) },
  );
  const going = open(query.data?.status);
  const cancel = api.useMutation("post", "/api/v1/admin/tasks/{task_id}/cancel");
  return (
    <Page
      title={asWords(query.data?.kind ?? t("Task"))}
      lead={query.data && <StateBadge state={query.data.status} />}
      size="xl"
      actions={
        going && (
          <Button
            variant="default"
            disabled={query.data?.cancel_requested}
            onClick={() => cancel.mutate({ params: { path } })}
          >
            {query.data?.cancel_requested ? t("Being cancelled…") : t("Cancel")}
          </Button>
        )
      }
    >
      <Loaded query={query}>
        {(task) => (
          <Card>
            <Stack gap="xs">
              <Progress
                value={(task.progress ?? 0) * 100}
                aria-label={t("Progress")}
                animated={going}
              />
              <Text size="sm">{task.progress_message}</Text>
              <Text size="sm" c="dimmed">
                {task.created_by_name || t("the clock")} · <Ago at={task.created_at_ts} /> ·{" "}
                {t("{n} attempt|{n} attempts", { n: task.attempts ?? 0 })}
              </Text>
              {task.error && (
                <Alert color="red" title={task.error} className="wrap">
                  <span className="mono">{task.error_detail}</span>
                </Alert>
              )}
            </Stack>
          </Card>
        )}
      </Loaded>
      <TaskLog taskId={taskId} going={going} />
    </Page>
  );
}

/** What a task wrote, and writes while it is going. */
export function TaskLog({ taskId, going }: { taskId: string; going: boolean }) {
  const logs = api.useQuery(
    "get",
    "/api/v1/admin/tasks/{task_id}/logs",
    { params: { path: { task_id: taskId }, query: { limit: 5000 } } },
    { refetchInterval: going ? 1000 : false },
  );
  const box = useRef<HTMLElement>(null);
  const count = logs.data?.items.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line scrolls into view
  useEffect(() => {
    box.current?.scrollTo(0, box.current.scrollHeight);
  }, [count]);
  // The last lines are written with the end, after the last look.
  const { refetch } = logs;
  useEffect(() => {
    if (!going) void refetch();
  }, [going, refetch]);
  return (
    <Loaded query={logs} height={200}>
      {({ items }) => (
        <Verbatim label={t("Log")} ref={box}>
          {items.length === 0 && t("Nothing was written.")}
          {items.map((line) => (
            <div key={line.seq}>
              {new Date((line.ts ?? 0) * 1000).toLocaleTimeString()} {line.level} {line.message}
            </div>
          ))}
        </Verbatim>
      )}
    </Loaded>
  );
}

export const open = (status?: string) => status === "pending" || status === "running";
