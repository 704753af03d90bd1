import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { ComponentType } from "react";
import { loadWithRetry } from "./api/lazyLoad";
import { parseFilters } from "./components/filters";
import { Failure } from "./components/states";
import { Frame, Operators, SignedIn } from "./layout/Frame";
import { NotFound } from "./layout/NotFound";

/** A page that is loaded when it is first opened. */
const part = <Parts extends Record<string, unknown>, Name extends keyof Parts>(
  load: () => Promise<Parts>,
  name: Name,
) =>
  lazyRouteComponent(
    () => loadWithRetry(load) as unknown as Promise<Record<string, ComponentType>>,
    name as string,
  );

const root = createRootRoute({ validateSearch: parseFilters });

// The wall has the screen to itself; everything else has a header.
const framed = createRoute({ getParentRoute: () => root, id: "framed", component: Frame });
const player = createRoute({ getParentRoute: () => framed, id: "player", component: SignedIn });
const admin = createRoute({ getParentRoute: () => framed, path: "/admin", component: Operators });

const welcome = () => import("./pages/Welcome");
const auth = () => import("./pages/SignIn");
const competition = createRoute({
  getParentRoute: () => framed,
  path: "/competitions/$competitionId",
  component: part(() => import("./pages/Competition"), "Competition"),
});

// Each line is an address and the part of the interface that is loaded for it.
const home = createRoute({
  getParentRoute: () => framed,
  path: "/",
  component: part(welcome, "Home"),
});
const login = createRoute({
  getParentRoute: () => framed,
  path: "/login",
  component: part(auth, "Login"),
});
const register = createRoute({
  getParentRoute: () => framed,
  path: "/register",
  component: part(auth, "Register"),
});
const forgot = createRoute({
  getParentRoute: () => framed,
  path: "/forgot",
  component: part(auth, "Forgot"),
});
const reset = createRoute({
  getParentRoute: () => framed,
  path: "/reset-password",
  component: part(auth, "Reset"),
});
const setPassword = createRoute({
  getParentRoute: () => framed,
  path: "/set-password",
  component: part(auth, "SetPassword"),
});
const verify = createRoute({
  getParentRoute: () => framed,
  path: "/verify-email",
  component: part(auth, "Verify"),
});
const device = createRoute({
  getParentRoute: () => player,
  path: "/device",
  component: part(() => import("./pages/Device"), "Device"),
});
const competitions = createRoute({
  getParentRoute: () => player,
  path: "/competitions",
  beforeLoad: () => {
    throw redirect({ to: "/" });
  },
});
const about = createRoute({
  getParentRoute: () => competition,
  path: "/",
  component: part(() => import("./pages/CompetitionAbout"), "CompetitionAbout"),
});
const challenges = createRoute({
  getParentRoute: () => competition,
  path: "/challenges",
  component: part(() => import("./pages/Board"), "Board"),
});
const challenge = createRoute({
  getParentRoute: () => competition,
  path: "/challenges/$challengeId",
  component: part(() => import("./pages/Challenge"), "Challenge"),
});
const scoreboard = createRoute({
  getParentRoute: () => competition,
  path: "/scoreboard",
  component: part(() => import("./pages/Scoreboard"), "Scoreboard"),
});
const ownTeam = createRoute({
  getParentRoute: () => competition,
  path: "/team",
  component: part(() => import("./pages/OwnTeam"), "OwnTeam"),
});
const anyChallenge = createRoute({
  getParentRoute: () => player,
  path: "/challenges/$challengeId",
  component: part(() => import("./pages/AnyChallenge"), "AnyChallenge"),
});
const everywhere = createRoute({
  getParentRoute: () => framed,
  path: "/scoreboard",
  component: part(() => import("./pages/GlobalScoreboard"), "GlobalScoreboard"),
});
const team = createRoute({
  getParentRoute: () => framed,
  path: "/teams/$teamId",
  component: part(() => import("./pages/Team"), "Team"),
});
const user = createRoute({
  getParentRoute: () => player,
  path: "/users/$userId",
  component: part(() => import("./pages/User"), "User"),
});
const achievements = createRoute({
  getParentRoute: () => player,
  path: "/achievements",
  component: part(() => import("./pages/Achievements"), "Achievements"),
});
const inbox = createRoute({
  getParentRoute: () => player,
  path: "/inbox",
  component: part(() => import("./pages/Inbox"), "Inbox"),
});
const settings = createRoute({
  getParentRoute: () => player,
  path: "/settings",
  component: part(() => import("./pages/Settings"), "Settings"),
});
const walls = createRoute({
  getParentRoute: () => framed,
  path: "/wall",
  component: part(() => import("./wall/Walls"), "Walls"),
});
const sitePage = createRoute({
  getParentRoute: () => framed,
  path: "/pages/$slug",
  component: part(() => import("./pages/SitePage"), "SitePage"),
});
const wall = createRoute({
  getParentRoute: () => root,
  path: "/wall/$competitionId",
  component: part(() => import("./wall/Wall"), "Wall"),
});

const elsewhere = createRoute({ getParentRoute: () => framed, path: "$", component: NotFound });

const overview = createRoute({
  getParentRoute: () => admin,
  path: "/",
  component: part(() => import("./operate/Overview"), "Overview"),
});
const adminCompetitions = createRoute({
  getParentRoute: () => admin,
  path: "/competitions",
  component: part(() => import("./operate/Competitions"), "Competitions"),
});
const newCompetition = createRoute({
  getParentRoute: () => admin,
  path: "/competitions/new",
  component: part(() => import("./operate/CompetitionEditor"), "NewCompetition"),
});
const adminCompetition = createRoute({
  getParentRoute: () => admin,
  path: "/competitions/$competitionId",
  component: part(() => import("./operate/CompetitionEditor"), "EditCompetition"),
});
const adminChallenges = createRoute({
  getParentRoute: () => admin,
  path: "/challenges",
  component: part(() => import("./operate/Challenges"), "Challenges"),
});
// Not below /challenges: one may have the id “new”.
const newChallenge = createRoute({
  getParentRoute: () => admin,
  path: "/new-challenge",
  component: part(() => import("./operate/NewChallenge"), "NewChallenge"),
});
const adminChallenge = createRoute({
  getParentRoute: () => admin,
  path: "/challenges/$challengeId",
  component: part(() => import("./operate/Challenge"), "Challenge"),
});
const instances = createRoute({
  getParentRoute: () => admin,
  path: "/instances",
  component: part(() => import("./operate/Instances"), "Instances"),
});
const instance = createRoute({
  getParentRoute: () => admin,
  path: "/instances/$instanceId",
  component: part(() => import("./operate/Instance"), "Instance"),
});
const records = createRoute({
  getParentRoute: () => admin,
  path: "/records",
  component: part(() => import("./operate/Records"), "Records"),
});
const record = createRoute({
  getParentRoute: () => admin,
  path: "/records/$instanceId",
  component: part(() => import("./operate/Record"), "Record"),
});
const nodes = createRoute({
  getParentRoute: () => admin,
  path: "/nodes",
  component: part(() => import("./operate/Nodes"), "Nodes"),
});
const node = createRoute({
  getParentRoute: () => admin,
  path: "/nodes/$nodeId",
  component: part(() => import("./operate/Node"), "Node"),
});
const tasks = createRoute({
  getParentRoute: () => admin,
  path: "/tasks",
  component: part(() => import("./operate/Tasks"), "Tasks"),
});
const task = createRoute({
  getParentRoute: () => admin,
  path: "/tasks/$taskId",
  component: part(() => import("./operate/Task"), "Task"),
});
const jobs = createRoute({
  getParentRoute: () => admin,
  path: "/jobs",
  component: part(() => import("./operate/Jobs"), "Jobs"),
});
const users = createRoute({
  getParentRoute: () => admin,
  path: "/users",
  component: part(() => import("./operate/Users"), "Users"),
});
const adminUser = createRoute({
  getParentRoute: () => admin,
  path: "/users/$userId",
  component: part(() => import("./operate/User"), "User"),
});
const imports = createRoute({
  getParentRoute: () => admin,
  path: "/imports",
  component: part(() => import("./operate/Imports"), "Imports"),
});
const anImport = createRoute({
  getParentRoute: () => admin,
  path: "/imports/$importId",
  component: part(() => import("./operate/Import"), "Import"),
});
const cards = createRoute({
  getParentRoute: () => admin,
  path: "/imports/$importId/cards",
  component: part(() => import("./operate/Cards"), "Cards"),
});
const adminTeam = createRoute({
  getParentRoute: () => admin,
  path: "/teams/$teamId",
  component: part(() => import("./operate/Team"), "Team"),
});
const announcements = createRoute({
  getParentRoute: () => admin,
  path: "/announcements",
  component: part(() => import("./operate/Announcements"), "Announcements"),
});
const notifications = createRoute({
  getParentRoute: () => admin,
  path: "/notifications",
  component: part(() => import("./operate/Notifications"), "Notifications"),
});
const mail = createRoute({
  getParentRoute: () => admin,
  path: "/mail",
  component: part(() => import("./operate/Mail"), "Mail"),
});
const incidents = createRoute({
  getParentRoute: () => admin,
  path: "/incidents",
  component: part(() => import("./operate/Incidents"), "Incidents"),
});
const platformSettings = createRoute({
  getParentRoute: () => admin,
  path: "/settings",
  component: part(() => import("./operate/PlatformSettings"), "PlatformSettings"),
});
const look = createRoute({
  getParentRoute: () => admin,
  path: "/look",
  component: part(() => import("./operate/Look"), "Look"),
});
const sitePages = createRoute({
  getParentRoute: () => admin,
  path: "/pages",
  component: part(() => import("./operate/SitePages"), "SitePages"),
});
const newPage = createRoute({
  getParentRoute: () => admin,
  path: "/pages/new",
  component: part(() => import("./operate/SitePageEditor"), "NewPage"),
});
const editPage = createRoute({
  getParentRoute: () => admin,
  path: "/pages/$pageId",
  component: part(() => import("./operate/SitePageEditor"), "EditPage"),
});
const activity = createRoute({
  getParentRoute: () => admin,
  path: "/activity",
  component: part(() => import("./operate/Activity"), "ActivityLog"),
});
const shells = createRoute({
  getParentRoute: () => admin,
  path: "/shells",
  component: part(() => import("./operate/Shells"), "Shells"),
});
const recording = createRoute({
  getParentRoute: () => admin,
  path: "/shells/$sessionId",
  component: part(() => import("./operate/Recording"), "Recording"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    framed.addChildren([
      home,
      login,
      register,
      forgot,
      reset,
      setPassword,
      verify,
      everywhere,
      team,
      walls,
      sitePage,
      competition.addChildren([about, challenges, challenge, scoreboard, ownTeam]),
      elsewhere,
      player.addChildren([competitions, device, anyChallenge, user, achievements, inbox, settings]),
      admin.addChildren([
        overview,
        adminCompetitions,
        newCompetition,
        adminCompetition,
        adminChallenges,
        newChallenge,
        adminChallenge,
        instances,
        instance,
        records,
        record,
        nodes,
        node,
        tasks,
        task,
        jobs,
        users,
        adminUser,
        imports,
        anImport,
        cards,
        adminTeam,
        announcements,
        notifications,
        mail,
        incidents,
        platformSettings,
        look,
        sitePages,
        newPage,
        editPage,
        activity,
        shells,
        recording,
      ]),
    ]),
    wall,
  ]),
  defaultPreload: "intent",
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
