import "./tile.css";
import { Card, Group, Text, Title, type TitleOrder } from "@mantine/core";
import type { PublicCompetition } from "../api/client";
import { PhaseBadge } from "./badges";
import { A } from "./links";
import { plain } from "./Markdown";
import { When } from "./When";

/** A public competition as a visitor meets it; leads to its wall. */
export function PublicCard({
  competition,
  order,
}: {
  competition: PublicCompetition;
  order: TitleOrder;
}) {
  return (
    <Card className="tile" component="article">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Title order={order} size="h4" className="wrap">
          <A
            to="/wall/$competitionId"
            params={{ competitionId: competition.id }}
            className="cover"
            c="inherit"
          >
            {competition.title}
          </A>
        </Title>
        <PhaseBadge phase={competition.phase} />
      </Group>
      <Text size="sm" c="dimmed" lineClamp={2} className="wrap">
        {plain(competition.description)}
      </Text>
      <When competition={competition} />
    </Card>
  );
}
