import { Card, Stack } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { api } from "../api/client";
import { A } from "../components/links";
import { Markdown } from "../components/Markdown";
import { Page } from "../components/Page";
import { Redirect } from "../components/Redirect";
import { Loaded } from "../components/states";
import { t } from "../i18n";

/** A challenge by itself: leads to the competition that has it, or lets one choose. */
export function AnyChallenge() {
  const { challengeId } = useParams({ from: "/framed/player/challenges/$challengeId" });
  const at = { params: { path: { challenge_id: challengeId } } };
  const challenge = api.useQuery("get", "/api/v1/challenges/{challenge_id}", at);
  const competitions = api.useQuery("get", "/api/v1/competitions", {
    params: { query: { limit: 200 } },
  });
  const having = competitions.data?.items.filter((each) =>
    each.challenge_ids.includes(challengeId),
  );
  const only =
    having?.find((each) => each.is_registered) ?? (having?.length === 1 ? having[0] : null);
  if (only) return <Redirect to={`/competitions/${only.id}/challenges/${challengeId}`} />;
  return (
    <Page title={challenge.data?.name ?? t("Challenge")}>
      <Loaded query={challenge}>
        {({ description }) => (
          <Card>
            <Markdown text={description ?? ""} imagesOf={challengeId} />
            <Stack gap={4} mt="md">
              {having?.map(({ id, title }) => (
                <A
                  key={id}
                  to="/competitions/$competitionId/challenges/$challengeId"
                  params={{ competitionId: id, challengeId }}
                >
                  {title}
                </A>
              ))}
            </Stack>
          </Card>
        )}
      </Loaded>
    </Page>
  );
}
