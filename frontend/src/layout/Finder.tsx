import "./Finder.css";
import { Modal, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Fragment, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useBranding } from "../api/branding";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { type Message, t } from "../i18n";
import { OPERATING } from "../operate/pages";

interface Found {
  to: string;
  name: string;
  /** What is said beside the name: of which competition it is, say. */
  beside?: string;
}
type Group = readonly [Message, Found[]];

const MOST = 8; // of a group; who wants more types more
const PLAYERS_PAGES = [
  ["/", "Competitions"],
  ["/scoreboard", "Scoreboard"],
  ["/wall", "Wall"],
] as const;
const OWN_PAGES = [
  ["/inbox", "Inbox"],
  ["/achievements", "Achievements"],
  ["/settings", "Settings"],
] as const;

/** One box that finds any page, competition, challenge or team, and goes there. */
export function Finder({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const list = useRef<HTMLDivElement>(null);
  const [groups, asking] = useFound(text.trim());
  const all = groups.flatMap(([, found]) => found);
  const chosen = Math.min(at, all.length - 1);
  useEffect(() => {
    list.current?.querySelector(`#found-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const go = (found: Found | undefined) => {
    if (!found) return;
    close();
    void navigate({ to: found.to });
  };
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
  const press = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step) {
      event.preventDefault();
      setAt((chosen + step + all.length) % Math.max(all.length, 1));
    }
    if (event.key === "Enter") go(all[chosen]);
  };
  let place = -1;
  return (
    <Modal opened onClose={close} size="lg" title={t("Find")}>
      <TextInput
        role="combobox"
        aria-expanded
        aria-controls="found"
        aria-activedescendant={all.length ? `found-${chosen}` : undefined}
        aria-label={t("Find a page, a competition, a challenge, a team")}
        placeholder={t("Find a page, a competition, a challenge, a team")}
        autoComplete="off"
        data-autofocus
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div id="found" role="listbox" aria-label={t("Find")} className="finder" ref={list}>
        {groups.map(([title, found]) => (
          <Fragment key={title}>
            <div role="presentation">{t(title)}</div>
            {found.map((each) => {
              place += 1;
              const own = place;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the box above hears the keys
                <div
                  key={each.to}
                  role="option"
                  id={`found-${own}`}
                  aria-selected={own === chosen}
                  onClick={() => go(each)}
                  onMouseMove={() => setAt(own)}
                >
                  <span className="wrap">{each.name}</span>
                  <Text size="sm" c="dimmed" className="wrap" component="span">
                    {each.beside}
                  </Text>
                </div>
              );
            })}
          </Fragment>
        ))}
      </div>
      <Text size="sm" c="dimmed" mt="xs" role="status">
        {all.length ? "" : asking ? t("Searching…") : t("Nothing is called that.")}
      </Text>
    </Modal>
  );
}

/** What bears the name, by kind, and whether more may come. */
function useFound(text: string): [Group[], boolean] {
  const me = useMe().data;
  const { pages } = useBranding();
  const [settled] = useDebouncedValue(text, 150);
  const here = useParams({ strict: false }).competitionId;
  const enabled = !!me && settled !== "";
  const competitions = api.useQuery(
    "get",
    "/api/v1/competitions",
    { params: { query: { limit: 1000 } } },
    { enabled: !!me },
  );
  const seen = competitions.data?.items ?? [];
  // Challenges and teams are those of the competition one looks at; elsewhere of one that runs.
  const inside = here ?? seen.find(({ phase }) => phase === "running")?.id ?? "";
  const query = { q: settled, limit: MOST };
  const within = { params: { path: { competition_id: inside }, query } };
  const challenges = api.useQuery(
    "get",
    "/api/v1/competitions/{competition_id}/challenges",
    within,
    { enabled: enabled && !!inside },
  );
  const teams = api.useQuery("get", "/api/v1/competitions/{competition_id}/teams/search", within, {
    enabled: enabled && !!inside,
  });
  const people = api.useQuery(
    "get",
    "/api/v1/admin/users",
    { params: { query } },
    { enabled: enabled && !!me?.is_admin },
  );
  const title = seen.find(({ id }) => id === inside)?.title;
  const like = (name: string) => name.toLocaleLowerCase().includes(text.toLocaleLowerCase());
  const named = (pairs: readonly (readonly [string, Message])[], beside?: string): Found[] =>
    pairs.map(([to, name]) => ({ to, name: t(name), beside }));
  const groups: Group[] = [
    [
      "Pages",
      [
        ...named(PLAYERS_PAGES),
        ...(me ? named(OWN_PAGES) : []),
        ...pages.map(({ slug, title: name }) => ({ to: `/pages/${slug}`, name })),
        ...(me?.is_admin
          ? named(
              OPERATING.map(([to, name]) => [to, name]),
              t("Operate"),
            )
          : []),
      ].filter(({ name }) => like(name)),
    ],
    [
      "Competitions",
      seen
        .filter((each) => like(each.title))
        .slice(0, MOST)
        .map((each) => ({ to: `/competitions/${each.id}`, name: each.title })),
    ],
    [
      "Challenges",
      (enabled ? (challenges.data?.items ?? []) : []).map((each) => ({
        to: `/competitions/${inside}/challenges/${each.id}`,
        name: each.name,
        beside: title,
      })),
    ],
    [
      "Teams",
      (enabled ? (teams.data?.items ?? []) : []).map((each) => ({
        to: `/teams/${each.id}`,
        name: each.name,
        beside: title,
      })),
    ],
    [
      "Users",
      (enabled ? (people.data?.items ?? []) : []).map((each) => ({
        to: `/admin/users/${each.id}`,
        name: each.display_name || each.email,
        beside: each.email,
      })),
    ],
  ];
  const asking = text !== settled || [challenges, teams, people].some((each) => each.isFetching);
  return [groups.filter(([, found]) => found.length > 0), asking];
}
