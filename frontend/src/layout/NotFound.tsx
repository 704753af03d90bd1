import { ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Empty } from "../components/states";
import { t } from "../i18n";

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <Page title={t("Not found")}>
      <Empty
        title={t("There is nothing at this address")}
        action={<ButtonLink to="/">{t("To the competitions")}</ButtonLink>}
      />
    </Page>
  );
}
