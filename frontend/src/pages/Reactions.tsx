import { Button, Group, Text } from "@mantine/core";
import { api } from "../api/client";
import { type Message, t } from "../i18n";

const REACTIONS = {
  addictive: "addictive",
  mindblown: "mind-blowing",
  learned: "learned something",
  goat_setter: "great author",
  overthought: "overthought it",
  guessy: "guessy",
  brutal: "brutal",
  buggy: "buggy",
  infra_broken: "infrastructure broken",
} as const satisfies Record<string, Message>;
type Reaction = keyof typeof REACTIONS;

/** Players' reactions to a challenge, given with one click. */
export function Reactions({
  challengeId,
  competitionId,
}: {
  challengeId: string;
  competitionId: string;
}) {
  const query = { competition_id: competitionId };
  const at = { params: { path: { challenge_id: challengeId }, query } };
  const stats = api.useQuery("get", "/api/v1/challenges/{challenge_id}/feedback/stats", at).data;
  const mine = api.useQuery("get", "/api/v1/challenges/{challenge_id}/feedback/me", at).data;
  const add = api.useMutation("put", "/api/v1/challenges/{challenge_id}/feedback/{reaction}");
  const drop = api.useMutation("delete", "/api/v1/challenges/{challenge_id}/feedback/{reaction}");
  return (
    <div>
      <Text size="sm" c="dimmed" mb={4}>
        {t("How was it?")}
      </Text>
      <Group gap={6}>
        {(Object.keys(REACTIONS) as Reaction[]).map((reaction) => {
          const on = mine?.reactions.includes(reaction) ?? false;
          const count = stats?.counts[reaction] ?? 0;
          const change = on ? drop : add;
          return (
            <Button
              key={reaction}
              size="compact-sm"
              variant={on ? "light" : "default"}
              aria-pressed={on}
              onClick={() =>
                change.mutate({ params: { path: { challenge_id: challengeId, reaction }, query } })
              }
            >
              {t(REACTIONS[reaction])}
              {count > 0 && ` ${count}`}
            </Button>
          );
        })}
      </Group>
    </div>
  );
}
