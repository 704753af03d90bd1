import { IconDropletFilled } from "@tabler/icons-react";
import { t } from "../i18n";

/** The sign of a first solve. */
export const Blood = () => (
  <IconDropletFilled
    size="1em"
    role="img"
    aria-label={t("first blood")}
    color="var(--mantine-color-red-6)"
  />
);
