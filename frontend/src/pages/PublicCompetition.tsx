import { Container, Group, Stack, Title } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { ApiError, api } from "../api/client";
import { PhaseBadge } from "../components/badges";
import { CompetitionTexts } from "../components/CompetitionTexts";
import { ButtonLink } from "../components/links";
import { useTitle } from "../components/Page";
import { Loaded } from "../components/states";
import { When } from "../components/When";
import { t } from "../i18n";
import { ToSignIn } from "../layout/Frame";

/** A public competition for whoever has not signed in; any other asks them to. */
export function PublicCompetition() {
  const { competitionId } = useParams({ from: "/framed/competitions/$competitionId" });
  const query = api.useQuery("get", "/api/v1/competitions/{competition_id}/about", {
    params: { path: { competition_id: competitionId } },
  });
  useTitle(query.data ? `${query.data.title} · ${t("About")}` : ""); // the wall has its name alone
  if (query.error instanceof ApiError && query.error.status === 404) return <ToSignIn />;
  const back = `/competitions/${competitionId}`;
  return (
    <Container size="xl" px={{ base: "sm", sm: "md" }} py="md">
      <Loaded query={query} height={300}>
        {(competition) => (
          <Stack>
            <div>
              <Group gap="xs">
                <Title order={1} size="h3" className="wrap">
                  {competition.title}
                </Title>
                <PhaseBadge phase={competition.phase} />
              </Group>
              <When competition={competition} />
            </div>
            <Group>
              {competition.phase !== "past" && (
                <ButtonLink to="/register" search={{ back }}>
                  {t("Join")}
                </ButtonLink>
              )}
              <ButtonLink to="/login" search={{ back }} variant="default">
                {t("Sign in")}
              </ButtonLink>
              {competition.scoreboard_visibility === "public" && (
                <ButtonLink to="/wall/$competitionId" params={{ competitionId }} variant="default">
                  {t("Scoreboard")}
                </ButtonLink>
              )}
            </Group>
            <CompetitionTexts
              competition={competition}
              teams={competition.teams ?? 0}
              challenges={competition.challenges ?? 0}
            />
          </Stack>
        )}
      </Loaded>
    </Container>
  );
}
