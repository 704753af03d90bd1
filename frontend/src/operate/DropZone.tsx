import { Button, FileButton, Group, Paper, Progress, Text } from "@mantine/core";
import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { chosen, dropped, type Found } from "../api/upload";
import { t } from "../i18n";

/** A place to drop files and folders, with buttons for who does not drag. */
export function DropZone({
  label,
  folders = false,
  progress,
  take,
  children,
}: {
  label: string;
  folders?: boolean;
  /** From 0 to 1 while something is sent. */
  progress: number | undefined;
  take: (found: Found[]) => unknown;
  children?: ReactNode;
}) {
  const [over, setOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const again = useRef<() => void>(null); // the same file may be chosen twice
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const found = await dropped(event.dataTransfer);
    if (found.length) take(found);
  };
  return (
    <Paper
      withBorder
      p="md"
      bd={over ? "2px dashed var(--mantine-primary-color-filled)" : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Group>
        <FileButton
          multiple
          resetRef={again}
          onChange={(files) => {
            take(files.map((file) => ({ path: file.name, file })));
            again.current?.();
          }}
        >
          {(props) => (
            <Button variant="default" {...props}>
              {label}
            </Button>
          )}
        </FileButton>
        {folders && (
          <>
            <Button variant="default" onClick={() => folder.current?.click()}>
              {t("Choose a folder")}
            </Button>
            <input
              ref={folder}
              type="file"
              hidden
              aria-label={t("Choose a folder")}
              {...{ webkitdirectory: "" }}
              onChange={(event) => {
                take(chosen(event.currentTarget.files));
                event.currentTarget.value = "";
              }}
            />
          </>
        )}
        <Text size="sm" c="dimmed">
          {children ?? t("or drop them here")}
        </Text>
      </Group>
      {progress !== undefined && (
        <Progress value={progress * 100} mt="sm" aria-label={t("Upload")} animated />
      )}
    </Paper>
  );
}
