import { Button, type ButtonProps, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import { t } from "../i18n";

/** A button for what cannot be undone: it asks first, and for `type`, to type a word. */
export function Confirm({
  label,
  question,
  children,
  act,
  reason,
  type,
  danger = true,
  ...button
}: {
  label: string;
  question: string;
  children?: ReactNode;
  act: (reason: string) => unknown;
  reason?: string;
  type?: string;
  danger?: boolean;
} & Omit<ButtonProps, "children" | "type">) {
  const [opened, { open, close }] = useDisclosure(false);
  const [typed, setTyped] = useState("");
  const [why, setWhy] = useState("");
  const sure = () => {
    close();
    setTyped("");
    void act(why);
  };
  return (
    <>
      <Button variant="default" {...button} onClick={open} aria-haspopup="dialog">
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={question}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            sure();
          }}
        >
          <Stack>
            {children && <Text size="sm">{children}</Text>}
            {reason && (
              <TextInput
                label={reason}
                value={why}
                onChange={(event) => setWhy(event.currentTarget.value)}
                data-autofocus
              />
            )}
            {type && (
              <TextInput
                label={t("Type “{word}” to go on", { word: type })}
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
                autoComplete="off"
              />
            )}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {t("Cancel")}
              </Button>
              <Button
                type="submit"
                color={danger ? "red.9" : undefined}
                disabled={type !== undefined && typed !== type}
              >
                {label}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
