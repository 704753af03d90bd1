import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { t } from "../i18n";
import { Verbatim } from "./Verbatim";

/** Ask before a page is left, or another tab of it opened, while something is not saved. */
export function Unsaved({ dirty }: { dirty: boolean }) {
  const leaving = useBlocker({
    shouldBlockFn: () => dirty,
    enableBeforeUnload: () => dirty,
    disabled: !dirty,
    withResolver: true,
  });
  return (
    <Modal
      opened={leaving.status === "blocked"}
      onClose={() => leaving.reset?.()}
      title={t("Leave without saving?")}
    >
      <Text size="sm" mb="md">
        {t("What you changed here is lost then.")}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={() => leaving.reset?.()}>
          {t("Stay")}
        </Button>
        <Button color="red.9" onClick={() => leaving.proceed?.()}>
          {t("Leave")}
        </Button>
      </Group>
    </Modal>
  );
}

/** What somebody edits was saved by somebody else, in another way. */
export function Clash({
  takeTheirs,
  theirs = [],
}: {
  takeTheirs: () => void;
  /** The fields that both changed, with what the others wrote. */
  theirs?: { name: string; value: string }[];
}) {
  return (
    <Alert color="orange" title={t("Somebody else has changed this meanwhile")}>
      <Stack gap="xs" align="flex-start">
        {t("Saving puts yours in the place of theirs.")}
        {theirs.map(({ name, value }) => (
          <Stack key={name} gap={4} w="100%">
            <Text size="sm" fw={600}>
              {t("Theirs: {name}", { name })}
            </Text>
            <Verbatim label={t("Theirs: {name}", { name })}>{value}</Verbatim>
          </Stack>
        ))}
        <Button size="xs" variant="default" onClick={takeTheirs}>
          {t("Take theirs")}
        </Button>
      </Stack>
    </Alert>
  );
}
