import { Alert } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useLiveState } from "../api/live";
import { t } from "../i18n";

/** Says that the server is away while it is; what is shown may be old. */
export function LiveBanner() {
  const [state] = useDebouncedValue(useLiveState(), 700);
  return (
    <div role="status" aria-live="polite">
      {state === "lost" && (
        <Alert
          color="orange"
          radius={0}
          py="xs"
          icon={<IconPlugConnectedX />}
          title={t("Connection lost. Trying again…")}
        >
          {t("What you see may be out of date; it catches up by itself.")}
        </Alert>
      )}
    </div>
  );
}
