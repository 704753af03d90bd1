import "./tile.css";
import { Card, Group, Text, Title, type TitleOrder } from "@mantine/core";
import type { PublicCompetition } from "../api/client";
import { PhaseBadge } from "./badges";
import { A } from "./links";
import { plain } from "./Markdown";
import { When } from "./When";

/** A public competition as a visitor meets it; leads to its page or its wall. */
export function PublicCard({
  competition,
  order,
  to,
}: {
  competition: PublicCompetition;
  order: TitleOrder;
  to: "/competitions/$competitionId" | "/wall/$competitionId";
}) {
  return (
    <Card className="tile" component="article">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Title order={order} size="h4" className="wrap">
          <A to={to} params={{ competitionId: competition.id }} className="cover" c="inherit">
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
