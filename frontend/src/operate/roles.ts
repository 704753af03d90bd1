import type { Message } from "../i18n";

/** What somebody can be on the platform, in words. */
export const ROLES = {
  user: "user",
  admin: "admin",
  super_admin: "super admin",
} as const satisfies Record<string, Message>;
