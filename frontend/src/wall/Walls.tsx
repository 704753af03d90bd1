import { Card, SimpleGrid } from "@mantine/core";
import { api } from "../api/client";
import { Page } from "../components/Page";
import { PublicCard } from "../components/PublicCard";
import { Empty, Loaded } from "../components/states";
import { t } from "../i18n";

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
                <PublicCard
                  key={competition.id}
                  competition={competition}
                  order={2}
                  to="/wall/$competitionId"
                />
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
