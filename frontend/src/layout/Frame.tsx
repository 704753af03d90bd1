import "./Frame.css";
import {
  ActionIcon,
  Avatar,
  Box,
  Burger,
  Center,
  Divider,
  Group,
  Indicator,
  Loader,
  NavLink,
  Text,
  UnstyledButton,
  useMantineColorScheme,
  VisuallyHidden,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconBell,
  IconDashboard,
  IconDeviceTv,
  IconFileText,
  IconFlag,
  IconKeyboard,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSettings,
  IconSun,
  IconTrophy,
  IconUser,
} from "@tabler/icons-react";
import { Outlet, useLocation } from "@tanstack/react-router";
import { type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useBranding } from "../api/branding";
import { api, type MeResponse } from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { followEvents } from "../api/live";
import { forgetCaller, seemsSignedIn, signOut, useMe } from "../api/me";
import { A, ButtonLink, IconLink, NavTo } from "../components/links";
import { Redirect } from "../components/Redirect";
import { Failure } from "../components/states";
import { LANGUAGES, language, setLanguage, t } from "../i18n";
import { useEventNotices } from "./eventNotices";
import { Footer } from "./Footer";
import { LiveBanner } from "./LiveBanner";
import { NotFound } from "./NotFound";
import { useShortcuts } from "./useShortcuts";

const TwoFactorNeeded = lazyComponent(
  async () => (await import("../pages/settings/TwoFactor")).TwoFactorNeeded,
);
const Finder = lazyComponent(async () => (await import("./Finder")).Finder);
const Shortcuts = lazyComponent(async () => (await import("./Shortcuts")).Shortcuts);
const AnswersNeeded = lazyComponent(
  async () => (await import("../pages/settings/Answers")).AnswersNeeded,
);
const POSTPONED = "ctfy-answers-later";
const OperatorMenu = lazyComponent(async () => (await import("../operate/Menu")).OperatorMenu);

/** The header, and on small screens and for operators the list of pages at the side. */
export function Frame() {
  const me = useMe().data;
  const [opened, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const operating = pathname.startsWith("/admin") && me?.is_admin;
  // Events are followed before anything is known of the caller: what is asked for after they come
  // need not be asked for again.
  const needed = me?.must_set_up_totp ?? false;
  const signedIn = me === undefined ? seemsSignedIn() : me !== null && !needed;
  // The recovery codes are shown until they are kept, although nothing is needed any more.
  const [settingUp, setSettingUp] = useState(false);
  // Asked once in a tab: whoever puts it off plays on, and finds it among their settings.
  const [postponed, setPostponed] = useState(() => Boolean(sessionStorage.getItem(POSTPONED)));
  useEffect(() => {
    if (needed) setSettingUp(true);
  }, [needed]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu
  useEffect(close, [pathname]);
  useEffect(() => (signedIn ? followEvents() : undefined), [signedIn]);
  useEventNotices(me ?? null);
  const [finding, finder] = useDisclosure(false);
  const [listing, list] = useDisclosure(false);
  useShortcuts(finder.open, list.open);

  return (
    <div>
      <a href="#main" className="offscreen skip">
        {t("Skip to the content")}
      </a>
      <header className="header">
        <Group gap="sm" wrap="nowrap">
          <Burger
            opened={opened}
            onClick={toggle}
            hiddenFrom="md"
            size="sm"
            aria-label={t("Menu")}
          />
          <Brand />
          <Group gap={2} visibleFrom="md" component="nav" aria-label={t("Main")}>
            <MainLinks />
          </Group>
        </Group>
        <Group gap={4} wrap="nowrap">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            onClick={finder.open}
            aria-label={t("Find")}
            aria-keyshortcuts="Control+K"
            title={t("Find, Ctrl K")}
          >
            <IconSearch size={18} />
          </ActionIcon>
          <SchemeButton />
          {me ? !needed && <Person listKeys={list.open} /> : me === null && <Visitor />}
        </Group>
      </header>
      <div className="middle">
        <div
          className="side"
          data-opened={opened || undefined}
          data-operating={operating || undefined}
        >
          <Box hiddenFrom="md">
            <MainLinks side />
            {operating && <Divider my="xs" />}
          </Box>
          {operating && (
            <Suspense>
              <OperatorMenu />
            </Suspense>
          )}
        </div>
        <div className="column">
          <main id="main" tabIndex={-1}>
            {needed || settingUp ? (
              <Suspense fallback={<Waiting />}>
                <TwoFactorNeeded
                  done={async () => {
                    await forgetCaller();
                    setSettingUp(false);
                  }}
                />
              </Suspense>
            ) : me?.missing_fields?.length && !postponed ? (
              <Suspense fallback={<Waiting />}>
                <AnswersNeeded
                  later={() => {
                    sessionStorage.setItem(POSTPONED, "1");
                    setPostponed(true);
                  }}
                />
              </Suspense>
            ) : (
              <>
                <LiveBanner />
                <Outlet />
              </>
            )}
          </main>
          <Footer />
        </div>
      </div>
      <Suspense>
        {finding && <Finder close={finder.close} />}
        {listing && <Shortcuts close={list.close} />}
      </Suspense>
    </div>
  );
}

function Brand() {
  const { event_name, logo } = useBranding();
  return (
    <A
      to="/"
      className="brand clip"
      underline="never"
      aria-label={t("{name}: competitions", { name: event_name })}
    >
      {logo ? (
        <img
          src={logo.url}
          alt=""
          height={LOGO_HEIGHT}
          width={Math.round((logo.width * LOGO_HEIGHT) / logo.height)}
        />
      ) : (
        event_name
      )}
    </A>
  );
}

const LOGO_HEIGHT = 32;
const PAGES_IN_HEADER = 3; // the footer has them all

function MainLinks({ side = false }: { side?: boolean }) {
  const me = useMe().data;
  const { pages } = useBranding();
  const exact = { activeOptions: { exact: true } } as const;
  if (side)
    return (
      <>
        <NavTo to="/" label={t("Competitions")} leftSection={<IconFlag size={18} />} {...exact} />
        <NavTo to="/scoreboard" label={t("Scoreboard")} leftSection={<IconTrophy size={18} />} />
        <NavTo to="/wall" label={t("Wall")} leftSection={<IconDeviceTv size={18} />} />
        {pages.map(({ slug, title }) => (
          <NavTo
            key={slug}
            to="/pages/$slug"
            params={{ slug }}
            label={title}
            leftSection={<IconFileText size={18} />}
          />
        ))}
        {me?.is_admin && (
          <NavTo to="/admin" label={t("Operate")} leftSection={<IconDashboard size={18} />} />
        )}
      </>
    );
  const look = { variant: "subtle", color: "gray", size: "compact-md", c: "inherit" } as const;
  return (
    <>
      <ButtonLink to="/" {...look} {...exact}>
        {t("Competitions")}
      </ButtonLink>
      <ButtonLink to="/scoreboard" {...look}>
        {t("Scoreboard")}
      </ButtonLink>
      <ButtonLink to="/wall" {...look} {...exact}>
        {t("Wall")}
      </ButtonLink>
      <Group gap={2} visibleFrom="lg">
        {pages.slice(0, PAGES_IN_HEADER).map(({ slug, title }) => (
          <ButtonLink key={slug} to="/pages/$slug" params={{ slug }} {...look} maw={176}>
            <span className="clip" title={title}>
              {title}
            </span>
          </ButtonLink>
        ))}
      </Group>
      {me?.is_admin && (
        <ButtonLink to="/admin" {...look}>
          {t("Operate")}
        </ButtonLink>
      )}
    </>
  );
}

function SchemeButton() {
  const { colorScheme, toggleColorScheme } = useMantineColorScheme();
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      onClick={toggleColorScheme}
      aria-label={t("Light or dark")}
    >
      {colorScheme === "light" ? <IconMoon size={18} /> : <IconSun size={18} />}
    </ActionIcon>
  );
}

function Visitor() {
  return (
    <>
      <ButtonLink to="/login" variant="subtle" size="compact-md">
        {t("Sign in")}
      </ButtonLink>
      <ButtonLink to="/register" size="compact-md">
        {t("Sign up")}
      </ButtonLink>
    </>
  );
}

function Person({ listKeys }: { listKeys: () => void }) {
  const me = useMe().data!;
  const inbox = api.useQuery("get", "/api/v1/me/inbox", {}, { refetchInterval: 60_000 }).data;
  const waiting = inbox
    ? (inbox.unread_announcement_count ?? 0) +
      inbox.incoming_invites.length +
      inbox.captain_requests.length
    : 0;
  return (
    <>
      <Indicator label={waiting} size={16} disabled={!waiting} offset={6} color="red.9">
        <IconLink
          to="/inbox"
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={t("Inbox, {n} new|Inbox, {n} new", { n: waiting })}
        >
          <IconBell size={18} />
        </IconLink>
      </Indicator>
      <UnstyledButton popoverTarget="account" aria-haspopup="true">
        <VisuallyHidden>{t("Account of {name}", { name: me.display_name ?? "" })}</VisuallyHidden>
        <span aria-hidden>
          <Avatar src={me.avatar_url || null} name={me.display_name} size={32} />
        </span>
      </UnstyledButton>
      <Account me={me} listKeys={listKeys} />
    </>
  );
}

/** What belongs to the account: the browser's own popover, closed by Escape or a click elsewhere. */
function Account({ me, listKeys }: { me: MeResponse; listKeys: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const close = () => box.current?.hidePopover();
  return (
    <nav id="account" popover="auto" className="account" ref={box} aria-label={t("Account")}>
      <Text size="sm" c="dimmed" px="sm" className="wrap">
        {me.display_name}
      </Text>
      <NavTo
        to="/users/$userId"
        params={{ userId: me.id }}
        label={t("Profile")}
        leftSection={<IconUser size={16} />}
        onClick={close}
      />
      <NavTo
        to="/achievements"
        label={t("Achievements")}
        leftSection={<IconTrophy size={16} />}
        onClick={close}
      />
      <NavTo
        to="/settings"
        label={t("Settings")}
        leftSection={<IconSettings size={16} />}
        onClick={close}
      />
      <NavLink
        component="button"
        label={t("Keyboard shortcuts")}
        leftSection={<IconKeyboard size={16} />}
        onClick={() => {
          close();
          listKeys();
        }}
      />
      <Divider my={4} />
      {Object.keys(LANGUAGES)
        .filter((other) => other !== language)
        .map((other) => (
          <NavLink
            key={other}
            component="button"
            lang={other}
            label={LANGUAGES[other]}
            leftSection={<IconLanguage size={16} />}
            onClick={() => setLanguage(other)}
          />
        ))}
      <NavLink
        component="button"
        label={t("Sign out")}
        leftSection={<IconLogout size={16} />}
        onClick={signOut}
      />
    </nav>
  );
}

const Waiting = () => (
  <Center h="40vh">
    <Loader aria-label={t("Loading")} />
  </Center>
);

/** To the sign-in page, and back here afterwards; the address is noted before it changes. */
export function ToSignIn() {
  const { href } = useLocation();
  const [back] = useState(href);
  return <Redirect to={`/login?back=${encodeURIComponent(back)}`} />;
}

/** Pages for people who are signed in; others sign in first and come back. */
export function SignedIn({ children = <Outlet /> }: { children?: ReactNode }) {
  const { data: me, error, refetch } = useMe();
  if (me) return children;
  if (me === null) return <ToSignIn />;
  return error ? <Failure error={error} retry={refetch} /> : <Waiting />;
}

/** Pages for operators, and for a competition's own administrators that competition's. */
export function Operators() {
  const { data: me, error, refetch } = useMe();
  const { pathname } = useLocation();
  const own = me?.competition_admin_ids.some((id) => pathname === `/admin/competitions/${id}`);
  if (me?.is_admin || own) return <Outlet />;
  if (me) return <NotFound />;
  if (me === null) return <ToSignIn />;
  return error ? <Failure error={error} retry={refetch} /> : <Waiting />;
}
