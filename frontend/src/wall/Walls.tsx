import { Card, Group, SimpleGrid, Text } from "@mantine/core";
import { api } from "../api/client";
import { PhaseBadge } from "../components/badges";
import { A } from "../components/links";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { t } from "../i18n";
import { When } from "../pages/Welcome";

/** The public competitions, each with its wall. */
export function Walls() {
  const query = api.useQuery("get", "/api/v1/walls", { params: { query: { limit: 100 } } });
  return (
    <Page title={t("Wall")} lead={t("Full-screen scoreboards, made for a projector")}>
      <Loaded query={query} height={200}>
        {({ items }) =>
          items.length ? (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {items.map((competition) => (
                <Card key={competition.id} className="tile">
                  <Group justify="space-between" wrap="nowrap">
                    <Text fw={600} className="wrap">
                      <A
                        to="/wall/$competitionId"
                        params={{ competitionId: competition.id }}
                        className="cover"
                        c="inherit"
                      >
                        {competition.title}
                      </A>
                    </Text>
                    <PhaseBadge phase={competition.phase} />
                  </Group>
                  <When competition={competition} />
                </Card>
              ))}
            </SimpleGrid>
          ) : (
            <Card>
              <Empty title={t("No public competition yet")} />
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}
