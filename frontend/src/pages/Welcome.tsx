import "./Welcome.css";
import "../components/tile.css";
import { Box, Card, Container, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useBranding } from "../api/branding";
import { api, type CompetitionInfo } from "../api/client";
import { useMe } from "../api/me";
import { PhaseBadge } from "../components/badges";
import { Choice } from "../components/Choice";
import { useFilters } from "../components/filters";
import { A, ButtonLink } from "../components/links";
import { Markdown, plain } from "../components/Markdown";
import { Page, useTitle } from "../components/Page";
import { PublicCard } from "../components/PublicCard";
import { Empty, Loaded } from "../components/states";
import { When } from "../components/When";
import { t } from "../i18n";

/** The competitions; for visitors what this is, and the public ones. */
export function Home() {
  const me = useMe().data;
  if (me === undefined) return null;
  return me ? <Competitions /> : <Welcome />;
}

function Competitions() {
  const me = useMe().data;
  const [{ phase = "" }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/competitions", {
    params: { query: { phase: phase as "" | "running", limit: 200 } },
  });
  return (
    <Page
      title={t("Competitions")}
      actions={
        <Choice
          label={t("Phase")}
          value={phase}
          change={(next) => change({ phase: next })}
          options={{
            "": t("All"),
            running: t("Running"),
            upcoming: t("Upcoming"),
            past: t("Past"),
          }}
        />
      }
    >
      <Loaded query={query} height={220}>
        {({ items }) =>
          items.length ? (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {items.map((competition) => (
                <CompetitionCard key={competition.id} competition={competition} />
              ))}
            </SimpleGrid>
          ) : (
            <Card>
              <Empty
                title={phase ? t("No competition in this phase") : t("No competition yet")}
                action={
                  me?.is_admin && (
                    <ButtonLink to="/admin/competitions/new">{t("Create one")}</ButtonLink>
                  )
                }
              >
                {t("Competitions show up here as soon as an operator publishes them.")}
              </Empty>
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}

function CompetitionCard({ competition }: { competition: CompetitionInfo }) {
  const mine = competition.my_team_name;
  return (
    <Card className="tile" component="article">
      <Stack gap="xs" h="100%">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={2} size="h4" className="wrap">
            <A
              to="/competitions/$competitionId"
              params={{ competitionId: competition.id }}
              className="cover"
              c="inherit"
            >
              {competition.title}
            </A>
          </Title>
          <PhaseBadge phase={competition.phase ?? "upcoming"} />
        </Group>
        <Text size="sm" c="dimmed" lineClamp={3} className="wrap">
          {plain(competition.description)}
        </Text>
        <Group mt="auto" justify="space-between" gap="xs">
          <When competition={competition} />
          <Text size="sm" c="dimmed">
            {t("{n} team|{n} teams", { n: competition.registered_count ?? 0 })}
          </Text>
        </Group>
        {mine && (
          <Text size="sm" className="wrap">
            {t("You play in {team}", { team: mine })}
            {" · "}
            {(competition.my_rank ?? 0) > 0
              ? t("rank {rank}", { rank: competition.my_rank! })
              : t("not ranked")}
          </Text>
        )}
      </Stack>
    </Card>
  );
}

function Welcome() {
  useTitle("");
  const query = api.useQuery("get", "/api/v1/walls", { params: { query: { limit: 12 } } });
  return (
    <Box className="hero" mih="calc(100vh - 56px)">
      <Container size="lg" py={{ base: 40, sm: 72 }}>
        <Stack gap="xl">
          <Stack gap="sm" maw={640}>
            <Greeting />
            <Group mt="sm">
              <ButtonLink to="/register" size="md">
                {t("Sign up")}
              </ButtonLink>
              <ButtonLink to="/login" size="md" variant="default">
                {t("Sign in")}
              </ButtonLink>
            </Group>
          </Stack>
          <Loaded query={query} height={160}>
            {({ items }) =>
              items.length > 0 && (
                <Stack>
                  <Title order={2} size="h3">
                    {t("Open to everybody")}
                  </Title>
                  <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
                    {items.map((competition) => (
                      <PublicCard
                        key={competition.id}
                        competition={competition}
                        order={3}
                        to="/competitions/$competitionId"
                      />
                    ))}
                  </SimpleGrid>
                </Stack>
              )
            }
          </Loaded>
        </Stack>
      </Container>
    </Box>
  );
}

/** The organiser's words, else what this is. */
function Greeting() {
  const { event_name, landing_text } = useBranding();
  if (landing_text.trim())
    return (
      <>
        <Title order={1}>{event_name}</Title>
        <Markdown text={landing_text} />
      </>
    );
  return (
    <>
      <Title order={1}>{t("Capture the flag, for people and agents")}</Title>
      <Text size="lg" c="dimmed">
        {t(
          "Find a competition, get on a team, launch your own instance of a challenge, and submit what you capture. The scoreboard moves as it happens.",
        )}
      </Text>
    </>
  );
}
