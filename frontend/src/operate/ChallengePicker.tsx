import "./ChallengePicker.css";
import {
  ActionIcon,
  Button,
  Card,
  Group,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
  VisuallyHidden,
} from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconX } from "@tabler/icons-react";
import { memo, useState } from "react";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { Loaded } from "../components/states";
import { t } from "../i18n";

const MOST_SHOWN = 50;

interface Offered {
  id: string;
  name: string;
  difficulty?: string;
}

/** Every challenge for operators; for a competition's own administrators what they may see. */
function useCatalogue() {
  const operator = Boolean(useMe().data?.is_admin);
  const query = { limit: 10_000 };
  const all = api.useQuery(
    "get",
    "/api/v1/admin/challenges/stats",
    { params: { query } },
    { enabled: operator },
  );
  const visible = api.useQuery(
    "get",
    "/api/v1/challenges",
    { params: { query } },
    { enabled: !operator },
  );
  const offered: Offered[] | undefined = operator
    ? all.data?.items.map((row) => ({ ...row, id: row.challenge_id, name: row.name ?? "" }))
    : visible.data?.items;
  return { ...(operator ? all : visible), data: offered };
}

/** Which challenges, in which order. Drawn anew only when they change: there may be many. */
export const ChallengePicker = memo(function ChallengePicker({
  chosen,
  change,
}: {
  chosen: string[];
  change: (ids: string[]) => void;
}) {
  const [text, setText] = useState("");
  const catalogue = useCatalogue();
  return (
    <Card>
      <Title order={2} size="h5" mb="sm">
        {t("Challenges")}
      </Title>
      <Loaded query={catalogue} height={200}>
        {(items) => {
          const names = new Map(items.map(({ id, name }) => [id, name]));
          const taken = new Set(chosen);
          const left = items.filter(
            (row) =>
              !taken.has(row.id) &&
              `${row.id} ${row.name}`.toLowerCase().includes(text.toLowerCase()),
          );
          const move = (place: number, by: number) => {
            const next = [...chosen];
            const [moved] = next.splice(place, 1);
            next.splice(place + by, 0, moved!);
            change(next);
          };
          return (
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <div>
                <Group justify="space-between" mb={4}>
                  <Text size="sm" fw={600}>
                    {t("In the competition: {n}", { n: chosen.length })}
                  </Text>
                </Group>
                {chosen.length === 0 && (
                  <Text size="sm" c="dimmed">
                    {t("None yet: add some from the list.")}
                  </Text>
                )}
                <ol className="chosen">
                  {chosen.map((id, place) => (
                    <li key={id}>
                      <Text size="sm" className="grow clip">
                        {place + 1}. {names.get(id) ?? id}
                      </Text>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        disabled={place === 0}
                        onClick={() => move(place, -1)}
                        aria-label={t("Move {name} up", { name: names.get(id) ?? id })}
                      >
                        <IconArrowUp size={16} />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        disabled={place === chosen.length - 1}
                        onClick={() => move(place, 1)}
                        aria-label={t("Move {name} down", { name: names.get(id) ?? id })}
                      >
                        <IconArrowDown size={16} />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        onClick={() => change(chosen.filter((other) => other !== id))}
                        aria-label={t("Take {name} out", { name: names.get(id) ?? id })}
                      >
                        <IconX size={16} />
                      </ActionIcon>
                    </li>
                  ))}
                </ol>
              </div>
              <div>
                <Group mb={4} gap="xs" wrap="nowrap">
                  <TextInput
                    className="grow"
                    aria-label={t("Find a challenge")}
                    placeholder={t("Find a challenge")}
                    value={text}
                    onChange={(event) => setText(event.currentTarget.value)}
                    size="xs"
                  />
                  <Button
                    size="xs"
                    variant="default"
                    disabled={!left.length}
                    onClick={() => change([...chosen, ...left.map(({ id }) => id)])}
                  >
                    {t("Add all")}
                  </Button>
                </Group>
                <Stack gap={4} mah={320} className="offered" tabIndex={0}>
                  {left.slice(0, MOST_SHOWN).map((row) => (
                    <Button
                      key={row.id}
                      variant="default"
                      size="xs"
                      justify="space-between"
                      rightSection={<span aria-hidden>{row.difficulty}</span>}
                      onClick={() => change([...chosen, row.id])}
                    >
                      <VisuallyHidden>{t("Add")}&nbsp;</VisuallyHidden>
                      {row.name}
                    </Button>
                  ))}
                  {left.length > MOST_SHOWN && (
                    <Text size="sm" c="dimmed">
                      {t("{n} more: find them by name", { n: left.length - MOST_SHOWN })}
                    </Text>
                  )}
                </Stack>
              </div>
            </SimpleGrid>
          );
        }}
      </Loaded>
    </Card>
  );
});
