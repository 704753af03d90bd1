import { Avatar, Button, Group, Stack, Text } from "@mantine/core";
import { t } from "../i18n";
import { Upload } from "./Upload";

/** A picture of a person, or a team's logo: shown, uploaded, taken away. */
export function Picture({
  url = "",
  name = "",
  square = false,
  upload,
  remove,
  busy,
}: {
  url?: string;
  name?: string;
  square?: boolean;
  upload: (file: File) => void;
  remove: () => void;
  busy: boolean;
}) {
  return (
    <Group>
      <Avatar src={url || null} name={name} size={64} radius={square ? "sm" : undefined} />
      <Stack gap={4}>
        <Group gap="xs">
          <Upload
            label={square ? t("Upload a logo") : t("Upload a picture")}
            busy={busy}
            send={upload}
          />
          {url && (
            <Button size="xs" variant="default" onClick={remove} disabled={busy}>
              {t("Remove")}
            </Button>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {t("PNG, JPEG or WebP, up to 4 MB")}
        </Text>
      </Stack>
    </Group>
  );
}
