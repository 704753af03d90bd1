import { Alert, Container, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { Outlet, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { useMe } from "../api/me";
import { PhaseBadge } from "../components/badges";
import { A, ButtonLink } from "../components/links";
import { Loaded } from "../components/states";
import { When } from "../components/When";
import { t } from "../i18n";
import { SignedIn } from "../layout/Frame";
import { PublicCompetition } from "./PublicCompetition";
import { useCompetition, useRuns, useSeesStandings } from "./useCompetition";

const TABS = ["about", "challenges", "scoreboard", "team"] as const;

/** A competition: to visitors its own page alone, to everybody else all of them. */
export function Competition() {
  const me = useMe().data;
  const { pathname } = useLocation();
  if (me === null && !pathname.split("/")[3]) return <PublicCompetition />;
  return (
    <SignedIn>
      <Pages />
    </SignedIn>
  );
}

/** A competition's head, with its pages below. */
function Pages() {
  const query = useCompetition();
  const { competitionId } = useParams({ from: "/framed/competitions/$competitionId" });
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const tab = pathname.split("/")[3] || "about";
  const words = {
    about: t("About"),
    challenges: t("Challenges"),
    scoreboard: t("Scoreboard"),
    team: t("Team"),
  };
  const runs = useRuns(competitionId);
  const ranked = useSeesStandings(query.data);
  return (
    <Container size="xl" px={{ base: "sm", sm: "md" }} py="md">
      <Loaded query={query} height={96}>
        {(competition) => (
          <Stack gap="sm">
            <Group justify="space-between" align="flex-start" gap="xs">
              <div className="grow">
                <Group gap="xs">
                  <Title order={tab === "about" ? 1 : 2} size="h3" className="wrap">
                    <A
                      to="/competitions/$competitionId"
                      params={{ competitionId }}
                      c="inherit"
                      underline="never"
                    >
                      {competition.title}
                    </A>
                  </Title>
                  <PhaseBadge phase={competition.phase ?? "upcoming"} />
                </Group>
                <When competition={competition} />
              </div>
              <Group gap="md">
                {competition.my_team_id && (
                  <Text size="sm" ta="right" className="wrap" component="div">
                    <A to="/teams/$teamId" params={{ teamId: competition.my_team_id }} fw={600}>
                      {competition.my_team_name}
                    </A>
                    <Text size="sm" c="dimmed" className="digits">
                      {(competition.my_points ?? -1) !== -1 || (competition.my_rank ?? 0) > 0 ? (
                        <>
                          {(competition.my_rank ?? 0) > 0 &&
                            `${t("rank {rank}", { rank: competition.my_rank! })} · `}
                          {competition.rank_by === "points"
                            ? t("{n} point|{n} points", { n: competition.my_points ?? 0 })
                            : t("{n} solve|{n} solves", { n: competition.my_solves ?? 0 })}
                        </>
                      ) : (
                        t("not ranked")
                      )}
                    </Text>
                  </Text>
                )}
                {runs && (
                  <ButtonLink
                    to="/admin/competitions/$competitionId"
                    params={{ competitionId }}
                    size="xs"
                    variant="default"
                  >
                    {t("Edit")}
                  </ButtonLink>
                )}
              </Group>
            </Group>
            {competition.paused_at && (
              <Alert color="orange" title={t("Paused")} role="status">
                {t(
                  "The organisers have stopped the clock. Nothing starts and no answer is taken until it goes on; what runs stays.",
                )}
              </Alert>
            )}
            {competition.phase === "past" && competition.practice && competition.is_registered && (
              <Alert color="blue" title={t("Practice")}>
                {t(
                  "The competition is over. You can go on for practice: answers are graded, and nothing counts any more.",
                )}
              </Alert>
            )}
            <Tabs
              value={tab}
              onChange={(next) =>
                navigate({
                  to: `/competitions/${competitionId}/${next === "about" ? "" : next}` as string,
                })
              }
              activateTabWithKeyboard={false}
            >
              <Tabs.List aria-label={t("Pages of the competition")}>
                {TABS.filter((name) => name !== "scoreboard" || ranked).map((name, place) => (
                  <Tabs.Tab
                    key={name}
                    value={name}
                    aria-controls="competition-page"
                    aria-keyshortcuts={`${place + 1}`}
                  >
                    {words[name]}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
            </Tabs>
          </Stack>
        )}
      </Loaded>
      <div id="competition-page">{query.data && <Outlet />}</div>
    </Container>
  );
}
