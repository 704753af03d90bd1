import {
  IconActivity,
  IconAlertTriangle,
  IconArchive,
  IconBell,
  IconBox,
  IconClockCog,
  IconDashboard,
  IconFileText,
  IconFlag,
  IconListCheck,
  IconMail,
  IconPalette,
  IconPuzzle,
  IconServer,
  IconSettings,
  IconSpeakerphone,
  IconTerminal2,
  IconUsers,
} from "@tabler/icons-react";
import { NavTo } from "../components/links";
import { type Message, t } from "../i18n";

const OPERATING = [
  ["/admin", "Overview", IconDashboard],
  ["/admin/competitions", "Competitions", IconFlag],
  ["/admin/challenges", "Challenges", IconPuzzle],
  ["/admin/instances", "Instances", IconBox],
  ["/admin/records", "Records", IconArchive],
  ["/admin/nodes", "Nodes", IconServer],
  ["/admin/tasks", "Tasks", IconListCheck],
  ["/admin/jobs", "Scheduled jobs", IconClockCog],
  ["/admin/users", "Users", IconUsers],
  ["/admin/announcements", "Announcements", IconSpeakerphone],
  ["/admin/notifications", "Notifications", IconBell],
  ["/admin/look", "Look", IconPalette],
  ["/admin/pages", "Pages", IconFileText],
  ["/admin/incidents", "Incidents", IconAlertTriangle],
  ["/admin/activity", "Activity", IconActivity],
  ["/admin/shells", "Shells", IconTerminal2],
  ["/admin/mail", "Mail", IconMail],
  ["/admin/settings", "Platform settings", IconSettings],
] as const satisfies readonly (readonly [string, Message, typeof IconFlag])[];

/** The operators' pages, at the side. */
export function OperatorMenu() {
  return (
    <nav aria-label={t("Operate")}>
      {OPERATING.map(([to, label, Icon]) => (
        <NavTo
          key={to}
          to={to}
          label={t(label)}
          leftSection={<Icon size={18} />}
          activeOptions={{ exact: to === "/admin" }}
        />
      ))}
    </nav>
  );
}
