import { Alert, Button, Card, Group, Stack, Text, Textarea, Title } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { api, type CompetitionDetail, type JudgedWriteup } from "../api/client";
import { FilterSelect } from "../components/Choice";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { A } from "../components/links";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { moment, t } from "../i18n";
import { WriteupText } from "../pages/Writeups";
import { NumberInput } from "./inputs";

/** What teams wrote in a competition: reading, judging and publishing it, and who wrote nothing. */
export function CompetitionWriteups({
  competition,
  teamId,
}: {
  competition: CompetitionDetail;
  teamId?: string;
}) {
  const [{ view, challenge, team, writeup }, change] = useFilters();
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {competition.writeups_until
          ? t("Write-ups are taken until {when}.", { when: moment(competition.writeups_until) })
          : t("This competition takes no write-ups: give it a deadline in its settings.")}{" "}
        {!competition.ends_at &&
          t("It has no end: published write-ups show once it is over, and so never.")}
      </Text>
      {writeup ? (
        <Reading
          key={writeup}
          competitionId={competition.id}
          writeupId={writeup}
          close={() => change({ writeup: "" })}
        />
      ) : (
        <>
          <Group gap="xs">
            <FilterSelect
              label={t("State")}
              all={t("All that were handed in")}
              value={view}
              change={(next) => change({ view: next })}
              options={{
                unjudged: t("not judged"),
                judged: t("judged"),
                published: t("published"),
                missing: t("missing"),
              }}
            />
            <FilterSelect
              label={t("Challenge")}
              all={t("Every challenge")}
              value={challenge}
              change={(next) => change({ challenge: next })}
              options={Object.fromEntries(competition.challenges.map(({ id, name }) => [id, name]))}
            />
            {team && !teamId && (
              <Button variant="default" onClick={() => change({ team: "" })}>
                {t("Of every team")}
              </Button>
            )}
            {!teamId && (
              <Button
                component="a"
                variant="default"
                href={`/api/v1/admin/competitions/${competition.id}/writeups.zip`}
                download
              >
                {t("Download all as a zip")}
              </Button>
            )}
          </Group>
          {view === "missing" ? (
            <Missing competitionId={competition.id} teamId={teamId} />
          ) : (
            <Handed competitionId={competition.id} teamId={teamId} />
          )}
        </>
      )}
    </Stack>
  );
}

function Handed({ competitionId, teamId }: { competitionId: string; teamId?: string }) {
  const [{ view, challenge, team, offset = 0 }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/competitions/{competition_id}/writeups", {
    params: {
      path: { competition_id: competitionId },
      query: {
        team_id: teamId ?? team,
        challenge_id: challenge,
        judged: view === "judged" ? true : view === "unjudged" ? false : undefined,
        published: view === "published" ? true : undefined,
        limit: PER_PAGE,
        offset,
      },
    },
  });
  return (
    <Listing
      label={t("Write-ups")}
      query={query}
      id={(row) => row.id}
      empty={<Empty title={t("No write-up")} />}
      columns={[
        {
          title: t("Team"),
          cell: (row) => <TeamCell id={row.team_id} name={row.team_name} />,
        },
        { title: t("Challenge"), wide: true, cell: (row) => row.challenge_name },
        { title: t("Handed in"), wide: true, cell: (row) => <Ago at={row.updated_at} /> },
        { title: t("Mark"), right: true, cell: (row) => row.mark ?? "–" },
        {
          title: t("Published"),
          cell: (row) => <Publish writeup={row} competitionId={competitionId} />,
        },
        {
          title: t("Read"),
          cell: (row) => (
            <Button
              size="compact-xs"
              aria-label={t("Read {challenge} of {team}", {
                challenge: row.challenge_name ?? "",
                team: row.team_name ?? "",
              })}
              onClick={() => change({ writeup: row.id })}
            >
              {t("Read")}
            </Button>
          ),
        },
      ]}
    />
  );
}

function Missing({ competitionId, teamId }: { competitionId: string; teamId?: string }) {
  const [{ challenge, team, offset = 0 }] = useFilters();
  const query = api.useQuery(
    "get",
    "/api/v1/admin/competitions/{competition_id}/missing-writeups",
    {
      params: {
        path: { competition_id: competitionId },
        query: { team_id: teamId ?? team, challenge_id: challenge, limit: PER_PAGE, offset },
      },
    },
  );
  return (
    <Listing
      label={t("Missing write-ups")}
      query={query}
      id={(row) => `${row.team_id} ${row.challenge_id}`}
      empty={<Empty title={t("Everybody who solved a challenge wrote on it")} />}
      columns={[
        { title: t("Team"), cell: (row) => <TeamCell id={row.team_id} name={row.team_name} /> },
        { title: t("Challenge"), cell: (row) => row.challenge_name },
        { title: t("Solved"), wide: true, cell: (row) => <Ago at={row.solved_at} /> },
      ]}
    />
  );
}

function TeamCell({ id = "", name = "" }: { id?: string; name?: string }) {
  const [{ team }, change] = useFilters();
  return (
    <>
      <A to="/admin/teams/$teamId" params={{ teamId: id }} className="wrap">
        {name}
      </A>
      {!team && (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-label={t("Only of {name}", { name })}
          title={t("Only of {name}", { name })}
          onClick={() => change({ team: id })}
        >
          <IconFilter size={14} />
        </Button>
      )}
    </>
  );
}

const useJudge = () =>
  api.useMutation("patch", "/api/v1/admin/competitions/{competition_id}/writeups/{writeup_id}", {
    onSuccess: () => notify(t("Saved")),
  });

function Publish({ writeup, competitionId }: { writeup: JudgedWriteup; competitionId: string }) {
  const judge = useJudge();
  const published = Boolean(writeup.published_at);
  return (
    <Group gap={6}>
      {published && <Ago at={writeup.published_at} />}
      <Button
        size="compact-xs"
        variant="default"
        loading={judge.isPending}
        onClick={() =>
          judge.mutate({
            params: { path: { competition_id: competitionId, writeup_id: writeup.id } },
            body: { published: !published, of: writeup.updated_at },
          })
        }
      >
        {published ? t("Take back") : t("Publish")}
      </Button>
    </Group>
  );
}

function Reading({
  competitionId,
  writeupId,
  close,
}: {
  competitionId: string;
  writeupId: string;
  close: () => void;
}) {
  const query = api.useQuery(
    "get",
    "/api/v1/admin/competitions/{competition_id}/writeups/{writeup_id}",
    { params: { path: { competition_id: competitionId, writeup_id: writeupId } } },
  );
  return (
    <>
      <div>
        <Button variant="default" size="xs" onClick={close}>
          ← {t("All write-ups")}
        </Button>
      </div>
      <Loaded query={query} height={300}>
        {(writeup) => (
          <>
            <Card component="section">
              <Title order={2} size="h4" className="wrap">
                {writeup.challenge_name} · {writeup.team_name}
              </Title>
              <Text size="sm" c="dimmed" mb="sm">
                {t("Handed in by {name}", { name: writeup.submitted_by_name || "–" })}{" "}
                <Ago at={writeup.updated_at} />
              </Text>
              <WriteupText writeup={writeup} />
            </Card>
            <Judgement writeup={writeup} competitionId={competitionId} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Judgement({ writeup, competitionId }: { writeup: JudgedWriteup; competitionId: string }) {
  const judge = useJudge();
  const [notes, setNotes] = useState(writeup.notes ?? "");
  const [mark, setMark] = useState<number | null>(writeup.mark ?? null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    judge.mutate({
      params: { path: { competition_id: competitionId, writeup_id: writeup.id } },
      body: { notes, mark },
    });
  };
  const stale = writeup.judged_at && writeup.updated_at && writeup.updated_at > writeup.judged_at;
  return (
    <Card component="section">
      <Title order={2} size="h5" mb="xs">
        {t("Judgement")}
      </Title>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {stale && <Alert color="orange">{t("The team replaced it since it was judged.")}</Alert>}
          <Textarea
            label={t("Notes")}
            description={t("For operators alone; nobody else ever reads them")}
            value={notes}
            onChange={(event) => setNotes(event.currentTarget.value)}
            autosize
            minRows={3}
            maxLength={20_000}
          />
          <NumberInput
            label={t("Mark")}
            description={t("From 0 to 100, for operators alone")}
            value={mark ?? ""}
            onChange={(value) => setMark(value === "" ? null : Number(value))}
            min={0}
            max={100}
            allowDecimal={false}
          />
          {writeup.judged_at && (
            <Text size="sm" c="dimmed">
              {t("Judged by {name}", { name: writeup.judged_by_name || "–" })}{" "}
              <Ago at={writeup.judged_at} />
            </Text>
          )}
          <Group>
            <Button type="submit" loading={judge.isPending}>
              {t("Save")}
            </Button>
            <Publish writeup={writeup} competitionId={competitionId} />
            <Text size="sm" c="dimmed">
              {t("What is published, everybody reads who sees the competition, once it is over.")}
            </Text>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
