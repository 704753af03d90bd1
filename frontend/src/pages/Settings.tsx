import { Tabs } from "@mantine/core";
import { useFilters } from "../components/filters";
import { Page } from "../components/Page";
import { t } from "../i18n";
import { Data } from "./settings/Data";
import { Profile } from "./settings/Profile";
import { Sessions } from "./settings/Sessions";
import { SigningIn } from "./settings/SigningIn";
import { Tokens } from "./settings/Tokens";

/** One's profile, tokens, sessions, ways to sign in, and data. */
export function Settings() {
  const [{ tab = "profile" }, change] = useFilters();
  return (
    <Page title={t("Settings")} size="md">
      <Tabs value={tab} onChange={(next) => change({ tab: next ?? "" })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="profile">{t("Profile")}</Tabs.Tab>
          <Tabs.Tab value="tokens">{t("API tokens")}</Tabs.Tab>
          <Tabs.Tab value="sessions">{t("Sessions")}</Tabs.Tab>
          <Tabs.Tab value="signing-in">{t("Signing in")}</Tabs.Tab>
          <Tabs.Tab value="data">{t("Your data")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="profile">
          <Profile />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <Tokens />
        </Tabs.Panel>
        <Tabs.Panel value="sessions">
          <Sessions />
        </Tabs.Panel>
        <Tabs.Panel value="signing-in">
          <SigningIn />
        </Tabs.Panel>
        <Tabs.Panel value="data">
          <Data />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
