import { Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { moment, t } from "../i18n";
import { Fact, Facts } from "./Facts";
import { Markdown } from "./Markdown";

/** What players and visitors know of a competition alike. */
interface Told {
  description: string;
  rules?: string;
  prizes?: string;
  starts_at?: string | null;
  ends_at?: string | null;
  registration_opens_at?: string | null;
  registration_closes_at?: string | null;
  freezes_at?: string | null;
  scoreboard_visibility?: string;
  writeups_until?: string | null;
  rank_by?: string;
  first_blood_bonus?: number;
  max_team_size?: number | null;
}

/** What a competition is: its description, dates and numbers, rules and prizes. */
export function CompetitionTexts({
  competition: c,
  teams,
  challenges,
}: {
  competition: Told;
  teams: number;
  challenges: number;
}) {
  const facts: [string, string][] = [
    [t("Starts"), c.starts_at ? moment(c.starts_at) : t("at once")],
    [t("Ends"), c.ends_at ? moment(c.ends_at) : t("no end")],
    [
      t("Registration"),
      `${c.registration_opens_at ? moment(c.registration_opens_at) : t("open")} – ${
        c.registration_closes_at ? moment(c.registration_closes_at) : t("until the end")
      }`,
    ],
    [t("Ranked by"), c.rank_by === "points" ? t("points") : t("challenges solved")],
    [t("First blood bonus"), String(c.first_blood_bonus ?? 0)],
    [
      t("Scoreboard"),
      c.scoreboard_visibility === "hidden"
        ? t("for its organisers")
        : c.scoreboard_visibility === "players"
          ? t("for those who take part")
          : t("for everybody"),
    ],
    [t("Scoreboard freezes"), c.freezes_at ? moment(c.freezes_at) : t("never")],
    ...(c.writeups_until
      ? [[t("Write-ups until"), moment(c.writeups_until)] as [string, string]]
      : []),
    [t("Largest team"), c.max_team_size ? String(c.max_team_size) : t("no limit")],
    [t("Teams"), String(teams)],
    [t("Challenges"), String(challenges)],
  ];
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Stack>
        <Words title={t("About")}>
          {c.description ? (
            <Markdown text={c.description} />
          ) : (
            <Text c="dimmed">{t("No description.")}</Text>
          )}
        </Words>
        {c.prizes?.trim() && (
          <Words title={t("Prizes")}>
            <Markdown text={c.prizes} />
          </Words>
        )}
      </Stack>
      <Stack>
        <Words title={t("At a glance")}>
          <Facts>
            {facts.map(([name, value]) => (
              <Fact key={name} name={name}>
                {value}
              </Fact>
            ))}
          </Facts>
        </Words>
        {c.rules?.trim() && (
          <Words title={t("Rules")}>
            <Markdown text={c.rules} />
          </Words>
        )}
      </Stack>
    </SimpleGrid>
  );
}

function Words({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Card component="section">
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Card>
  );
}
