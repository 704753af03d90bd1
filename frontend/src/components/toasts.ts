import { notifications } from "@mantine/notifications";
import { ApiError } from "../api/client";
import { t } from "../i18n";

/** Say that something went wrong, in the server's words. */
export function notifyFailure(error: unknown) {
  const message = error instanceof Error ? error.message : String(error);
  const id =
    error instanceof ApiError && error.requestId ? ` (${error.requestId.slice(0, 8)})` : "";
  notifications.show({
    color: "red",
    title: t("That did not work"),
    message: message + id,
    autoClose: 8000,
  });
}

/** Say that something worked or happened. */
export function notify(title: string, message = "", color = "brand") {
  notifications.show({ title, message, color });
}
