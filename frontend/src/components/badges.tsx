import { Badge, type MantineColor } from "@mantine/core";
import type { Message } from "../i18n";
import { t } from "../i18n";

const CATEGORY: Record<string, MantineColor> = {
  web: "blue",
  pwn: "red",
  reverse: "grape",
  crypto: "yellow",
  misc: "gray",
};
const DIFFICULTY: Record<string, [Message, MantineColor]> = {
  easy: ["easy", "green"],
  medium: ["medium", "yellow"],
  hard: ["hard", "orange"],
  expert: ["expert", "red"],
};
const PHASE: Record<string, [Message, MantineColor]> = {
  upcoming: ["upcoming", "blue"],
  running: ["running", "green"],
  past: ["past", "gray"],
};
/** The states that things can be in, with what they mean at a glance. */
const STATE: Record<string, [Message, MantineColor]> = {
  requested: ["requested", "blue"],
  queued: ["queued", "blue"],
  pending: ["pending", "blue"],
  starting: ["starting", "blue"],
  running: ["running", "green"],
  ready: ["ready", "green"],
  stopping: ["stopping", "gray"],
  stopped: ["stopped", "gray"],
  error: ["error", "red"],
  failed: ["failed", "red"],
  succeeded: ["succeeded", "green"],
  finished: ["finished", "green"],
  ok: ["ok", "green"],
  cancelled: ["cancelled", "gray"],
  building: ["building", "blue"],
  built: ["built", "green"],
  pulling: ["pulling", "blue"],
  pulled: ["pulled", "green"],
  unknown: ["unknown", "gray"],
  open: ["open", "orange"],
  acknowledged: ["acknowledged", "blue"],
  dismissed: ["dismissed", "gray"],
  active: ["active", "green"],
  consumed: ["consumed", "gray"],
  expired: ["expired", "gray"],
  revoked: ["revoked", "gray"],
  draft: ["draft", "gray"],
  visible: ["visible", "green"],
  hidden: ["hidden", "orange"],
  published: ["published", "green"],
  archived: ["archived", "gray"],
  info: ["info", "blue"],
  warning: ["warning", "orange"],
  critical: ["critical", "red"],
  healthy: ["healthy", "green"],
  unhealthy: ["unhealthy", "red"],
  draining: ["draining", "orange"],
  suspended: ["suspended", "red"],
  disqualified: ["disqualified", "red"],
};

const small = { variant: "light", radius: "sm", tt: "none" } as const;

export const CategoryBadge = ({ category }: { category?: string | null }) =>
  category ? (
    <Badge {...small} color={CATEGORY[category] ?? "gray"}>
      {category}
    </Badge>
  ) : null;

export function DifficultyBadge({ difficulty }: { difficulty?: string }) {
  if (!difficulty) return null;
  const [word, color] = DIFFICULTY[difficulty] ?? [undefined, "gray"];
  return (
    <Badge {...small} color={color}>
      {word ? t(word) : difficulty}
    </Badge>
  );
}

export function PhaseBadge({ phase }: { phase: string }) {
  const [word, color] = PHASE[phase] ?? PHASE.upcoming!;
  return (
    <Badge {...small} color={color} variant="light">
      {t(word)}
    </Badge>
  );
}

/** The word for a state; a state that we have no word for is shown as it is. */
export function StateBadge({ state }: { state?: string | null }) {
  if (!state) return null;
  const [word, color] = STATE[state] ?? [undefined, "gray"];
  return (
    <Badge {...small} color={color}>
      {word ? t(word) : state}
    </Badge>
  );
}

/** Tells who runs a competition that its players do not see a challenge. */
export const UnseenBadge = ({ state }: { state?: string }) =>
  state && state !== "visible" ? <StateBadge state={state} /> : null;
