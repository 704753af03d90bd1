import { Button, Card, Stack, Text } from "@mantine/core";
import { api } from "../../api/client";
import { signOut, useMe } from "../../api/me";
import { Confirm } from "../../components/Confirm";
import { t } from "../../i18n";

/** The account's data: download it, or delete the account. */
export function Data() {
  const me = useMe().data!;
  const remove = api.useMutation("delete", "/api/v1/me", { onSuccess: signOut });
  return (
    <Stack>
      <Card>
        <Stack gap="xs" align="flex-start">
          <Text fw={600}>{t("Export")}</Text>
          <Text size="sm" c="dimmed">
            {t("Everything the platform holds of you, as one file.")}
          </Text>
          <Button component="a" href="/api/v1/me/export" download variant="default">
            {t("Download")}
          </Button>
        </Stack>
      </Card>
      <Card>
        <Stack gap="xs" align="flex-start">
          <Text fw={600}>{t("Delete the account")}</Text>
          <Text size="sm" c="dimmed">
            {t("Your name and e-mail address are erased; what your teams solved stays theirs.")}
          </Text>
          <Confirm
            label={t("Delete")}
            question={t("Delete your account for good?")}
            type={me.display_name ?? ""}
            act={() => remove.mutate({ body: { confirm_display_name: me.display_name ?? "" } })}
          >
            {t("This cannot be undone.")}
          </Confirm>
        </Stack>
      </Card>
    </Stack>
  );
}
