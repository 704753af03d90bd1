import "./ChallengeOrder.css";
import { ActionIcon, Button, Card, Group, Stack, Text, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconGripVertical } from "@tabler/icons-react";
import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { api, type CompetitionChallengeInfo } from "../api/client";
import { StateBadge } from "../components/badges";
import { Failure, Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { Unsaved } from "../components/Unsaved";
import { t } from "../i18n";

const ALL = 10_000;
const ROW = 44;
const HEIGHT = 12 * ROW;
/** So near to an edge, the list moves on under what is held. */
const EDGE = ROW;
const SPEED = 8;

/** All challenges of a competition, to be put in another order and saved once. */
export function ChallengeOrder({
  competitionId,
  close,
}: {
  competitionId: string;
  close: () => void;
}) {
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/challenges", {
    params: { path: { competition_id: competitionId }, query: { limit: ALL } },
  });
  return (
    <Loaded query={query} height={HEIGHT}>
      {({ items }) => <Ordering competitionId={competitionId} start={items} close={close} />}
    </Loaded>
  );
}

function Ordering({
  competitionId,
  start,
  close,
}: {
  competitionId: string;
  start: CompetitionChallengeInfo[];
  close: () => void;
}) {
  const [rows, setRows] = useState(start);
  const [held, hold] = useState<string>();
  const [said, say] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const virtual = useRef<VirtualizerHandle>(null);
  const pointer = useRef(0);
  const focused = useRef<string>(undefined);
  const save = api.useMutation(
    "put",
    "/api/v1/admin/competitions/{competition_id}/challenge-order",
    {
      meta: { quiet: true },
      onSuccess: () => {
        notify(t("Saved"));
        close();
      },
    },
  );
  const dirty = rows.some((row, place) => row.challenge_id !== start[place]?.challenge_id);

  const move = useCallback(
    (id: string, to: (from: number) => number) =>
      setRows((before) => {
        const from = before.findIndex((row) => row.challenge_id === id);
        const place = Math.max(0, Math.min(before.length - 1, to(from)));
        if (from < 0 || place === from) return before;
        const next = [...before];
        const [moved] = next.splice(from, 1);
        next.splice(place, 0, moved!);
        return next;
      }),
    [],
  );

  // What is held goes to where the pointer is, also while the list moves on under it.
  useEffect(() => {
    if (!held) return;
    let frame = 0;
    const follow = () => {
      const box = list.current!;
      const y = pointer.current - box.getBoundingClientRect().top;
      if (y < EDGE) box.scrollTop -= SPEED;
      if (y > box.clientHeight - EDGE) box.scrollTop += SPEED;
      const place = Math.floor((y + box.scrollTop) / ROW);
      move(held, () => place);
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [held, move]);

  // A row that moved is another place of the page: what had the focus gets it again there.
  useLayoutEffect(() => {
    if (!focused.current) return;
    const place = rows.findIndex((row) => row.challenge_id === focused.current);
    const row = rows[place];
    if (!row) return;
    virtual.current?.scrollToIndex(place, { align: "nearest" });
    say(
      t("{name}: place {n} of {total}", {
        name: row.name || row.challenge_id,
        n: place + 1,
        total: rows.length,
      }),
    );
    const id = focused.current;
    focused.current = undefined;
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`[data-grip="${CSS.escape(id)}"]`)?.focus(),
    );
  }, [rows]);

  const step = (id: string, to: (from: number) => number) => {
    focused.current = id;
    move(id, to);
  };
  const pressed = (event: KeyboardEvent, id: string) => {
    const to = STEPS[event.key];
    if (!to) return;
    event.preventDefault();
    step(id, to);
  };
  const taken = (event: PointerEvent, id: string) => {
    if (event.button !== 0) return;
    pointer.current = event.clientY;
    list.current!.setPointerCapture(event.pointerId);
    hold(id);
  };
  const error = save.error as unknown;
  return (
    <Stack>
      <Unsaved dirty={dirty && !save.isPending && !save.isSuccess} />
      <Text size="sm" c="dimmed">
        {t("Drag a challenge, or choose its handle and press an arrow key, Home or End.")}
      </Text>
      <Card p={0}>
        <div
          ref={list}
          className="order-list"
          style={{ height: Math.min(rows.length * ROW + 2, HEIGHT) }}
          onPointerMove={(event) => {
            pointer.current = event.clientY;
          }}
          onPointerUp={() => hold(undefined)}
          onPointerCancel={() => hold(undefined)}
          onLostPointerCapture={() => hold(undefined)}
        >
          <Virtualizer
            ref={virtual}
            data={rows}
            itemSize={ROW}
            bufferSize={6 * ROW}
            as="ol"
            item="li"
          >
            {(row, place) => {
              const id = row.challenge_id;
              const name = row.name || id;
              return (
                <div
                  key={id}
                  className="order-row"
                  style={{ height: ROW }}
                  data-held={held === id || undefined}
                >
                  <ActionIcon
                    className="order-grip"
                    variant="subtle"
                    color="gray"
                    data-grip={id}
                    aria-label={t("Move {name}", { name })}
                    onKeyDown={(event) => pressed(event, id)}
                    onPointerDown={(event) => taken(event, id)}
                  >
                    <IconGripVertical size={16} />
                  </ActionIcon>
                  <Text size="sm" className="digits" c="dimmed">
                    {place + 1}.
                  </Text>
                  <Text size="sm" className="grow clip">
                    {name}
                  </Text>
                  {row.state !== "visible" && <StateBadge state={row.state} />}
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    disabled={place === 0}
                    onClick={() => step(id, (from) => from - 1)}
                    aria-label={t("Move {name} up", { name })}
                  >
                    <IconArrowUp size={16} />
                  </ActionIcon>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    disabled={place === rows.length - 1}
                    onClick={() => step(id, (from) => from + 1)}
                    aria-label={t("Move {name} down", { name })}
                  >
                    <IconArrowDown size={16} />
                  </ActionIcon>
                </div>
              );
            }}
          </Virtualizer>
        </div>
      </Card>
      <VisuallyHidden role="status" aria-live="polite">
        {said}
      </VisuallyHidden>
      {error ? <Failure error={error} /> : null}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t("Cancel")}
        </Button>
        <Button
          disabled={!dirty}
          loading={save.isPending}
          onClick={() =>
            save.mutate({
              params: { path: { competition_id: competitionId } },
              body: { challenge_ids: rows.map((row) => row.challenge_id) },
            })
          }
        >
          {t("Save the order")}
        </Button>
      </Group>
    </Stack>
  );
}

const STEPS: Record<string, (from: number) => number> = {
  ArrowUp: (from) => from - 1,
  ArrowDown: (from) => from + 1,
  Home: () => 0,
  End: () => ALL,
};
