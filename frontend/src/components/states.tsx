import { Alert, Button, Center, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle, IconMoodEmpty } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { t } from "../i18n";

interface Query<Data> {
  data: Data | undefined;
  error: unknown;
  isLoading: boolean;
  refetch: () => unknown;
}

/** A query's three states: a placeholder of the right height, the error with a retry, the data. */
export function Loaded<Data>({
  query,
  height = 120,
  children,
}: {
  query: Query<Data>;
  height?: number;
  children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} retry={() => query.refetch()} />;
  return <Skeleton height={height} radius="md" aria-label={t("Loading")} />;
}

/** What went wrong, in the server's words, and a way on. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  const id = error instanceof ApiError ? error.requestId : "";
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title={t("This could not be loaded")}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{message}</Text>
        {id && (
          <Text size="xs" c="dimmed" ff="monospace">
            {id}
          </Text>
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            {t("Try again")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Nothing there yet, and what to do about it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="xs" maw={440} ta="center">
        <ThemeIcon size={48} radius="xl" variant="light" color="gray">
          <IconMoodEmpty />
        </ThemeIcon>
        <Title order={2} size="h4">
          {title}
        </Title>
        {children && (
          <Text c="dimmed" size="sm">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}
