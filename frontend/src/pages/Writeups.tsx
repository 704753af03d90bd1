import {
  Anchor,
  Button,
  Card,
  FileButton,
  Group,
  Stack,
  Text,
  Textarea,
  Title,
} from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type FormEvent, useRef, useState } from "react";
import { api, type TeamWriteups as Handed, type Writeup } from "../api/client";
import { A } from "../components/links";
import { Markdown } from "../components/Markdown";
import { Empty, Failure, Loaded } from "../components/states";
import { Ago, Countdown } from "../components/time";
import { notify } from "../components/toasts";
import { useDraft } from "../components/useDraft";
import { bytes, moment, t } from "../i18n";

const useOwn = (competitionId: string) =>
  api.useQuery("get", "/api/v1/competitions/{competition_id}/team/writeups", {
    params: { path: { competition_id: competitionId } },
  });

/** Until when write-ups are taken. */
function Deadline({ handed }: { handed: Handed }) {
  return (
    <Text size="sm" c="dimmed">
      {handed.is_open ? (
        <>
          {t("Write-ups are taken until {when}.", { when: moment(handed.writeups_until) })}{" "}
          <Countdown to={handed.writeups_until} />
        </>
      ) : (
        t("Write-ups were taken until {when}.", { when: moment(handed.writeups_until) })
      )}
    </Text>
  );
}

/** A write-up as it was handed in: its text, or its PDF to be saved. */
export function WriteupText({ writeup }: { writeup: Writeup }) {
  if (writeup.format === "pdf")
    return (
      <Anchor href={`/api/v1/writeups/${writeup.id}/pdf`} download size="sm">
        <IconDownload size={14} aria-hidden /> {t("Download the PDF")} (
        {bytes(writeup.size_bytes ?? 0)})
      </Anchor>
    );
  return <Markdown text={writeup.text ?? ""} />;
}

/** What the team wrote on a challenge that it tried, and handing it in. */
export function OwnWriteup({
  competitionId,
  challengeId,
}: {
  competitionId: string;
  challengeId: string;
}) {
  const own = useOwn(competitionId);
  const item = own.data?.items?.find(({ challenge_id }) => challenge_id === challengeId);
  const id = item?.writeup?.id ?? "";
  const before = api.useQuery(
    "get",
    "/api/v1/writeups/{writeup_id}",
    { params: { path: { writeup_id: id } } },
    { enabled: id !== "" },
  );
  return (
    <Card component="section">
      <Title order={2} size="h5" mb="xs">
        {t("Your team's write-up")}
      </Title>
      <Loaded query={own} height={120}>
        {(handed) => (
          <Stack gap="sm">
            <Deadline handed={handed} />
            {!item ? (
              <Text size="sm">{t("Answer a question of this challenge first.")}</Text>
            ) : !item.writeup ? (
              handed.is_open && <HandIn path={[competitionId, challengeId]} text="" />
            ) : (
              <Loaded query={before} height={120}>
                {(writeup) => (
                  <>
                    <Text size="sm" role="status">
                      {t("Handed in")} <Ago at={writeup.updated_at} />
                      {writeup.published_at && ` · ${t("published")}`}
                    </Text>
                    <WriteupText writeup={writeup} />
                    {handed.is_open && (
                      <HandIn path={[competitionId, challengeId]} text={writeup.text ?? ""} again />
                    )}
                  </>
                )}
              </Loaded>
            )}
          </Stack>
        )}
      </Loaded>
    </Card>
  );
}

function HandIn({
  path: [competition_id, challenge_id],
  text,
  again = false,
}: {
  path: [string, string];
  text: string;
  again?: boolean;
}) {
  const path = { competition_id, challenge_id };
  const [draft, setDraft] = useDraft(`writeup ${competition_id} ${challenge_id}`);
  const [written, setWritten] = useState(draft || text);
  const reset = useRef<() => void>(null); // the same file may be chosen twice
  const done = {
    meta: { quiet: true },
    onSuccess: () => {
      setDraft("");
      notify(t("Handed in"));
    },
  };
  const write = api.useMutation(
    "put",
    "/api/v1/competitions/{competition_id}/challenges/{challenge_id}/writeup",
    done,
  );
  const send = api.useMutation(
    "put",
    "/api/v1/competitions/{competition_id}/challenges/{challenge_id}/writeup/pdf",
    done,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    write.mutate({ params: { path }, body: { text: written } });
  };
  const error = write.error ?? send.error;
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Textarea
          label={again ? t("Write it anew") : t("How did you solve it?")}
          description={t("Markdown")}
          value={written}
          onChange={(event) => {
            setWritten(event.currentTarget.value);
            setDraft(event.currentTarget.value);
          }}
          autosize
          minRows={6}
          maxRows={30}
          maxLength={60_000}
        />
        {error ? <Failure error={error} /> : null}
        <Group gap="xs">
          <Button type="submit" loading={write.isPending} disabled={!written.trim()}>
            {again ? t("Replace it") : t("Hand in")}
          </Button>
          <FileButton
            accept="application/pdf"
            resetRef={reset}
            onChange={(file) => {
              if (file)
                send.mutate({
                  params: { path },
                  body: file as never,
                  bodySerializer: (body: unknown) => body as never,
                  headers: { "Content-Type": "application/pdf" },
                });
              reset.current?.();
            }}
            inputProps={{ "aria-label": t("Hand in a PDF") }}
          >
            {(props) => (
              <Button {...props} variant="default" loading={send.isPending}>
                {t("Hand in a PDF")}
              </Button>
            )}
          </FileButton>
          <Text size="xs" c="dimmed">
            {t("up to {size}", { size: bytes(10_000_000) })}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

/** The write-ups of a challenge that were published, once the competition is over. */
export function PublishedWriteups({
  competitionId,
  challengeId,
}: {
  competitionId: string;
  challengeId: string;
}) {
  const query = api.useQuery(
    "get",
    "/api/v1/competitions/{competition_id}/challenges/{challenge_id}/writeups",
    {
      params: {
        path: { competition_id: competitionId, challenge_id: challengeId },
        query: { limit: 1000 },
      },
    },
  );
  return (
    <Loaded query={query} height={120}>
      {({ items }) =>
        items.length ? (
          <Stack>
            {items.map((writeup) => (
              <Published key={writeup.id} writeup={writeup} />
            ))}
          </Stack>
        ) : (
          <Card p={0}>
            <Empty title={t("No write-up is published")} />
          </Card>
        )
      }
    </Loaded>
  );
}

function Published({ writeup }: { writeup: Writeup }) {
  const [open, setOpen] = useState(false);
  const whole = api.useQuery(
    "get",
    "/api/v1/writeups/{writeup_id}",
    { params: { path: { writeup_id: writeup.id } } },
    { enabled: open },
  );
  return (
    <Card component="section" aria-label={writeup.team_name}>
      <Group justify="space-between" gap="xs" mb={open ? "xs" : 0}>
        <A to="/teams/$teamId" params={{ teamId: writeup.team_id ?? "" }} className="wrap">
          {writeup.team_name}
        </A>
        {writeup.format === "pdf" ? (
          <WriteupText writeup={writeup} />
        ) : (
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            {open ? t("Close") : t("Read")}
          </Button>
        )}
      </Group>
      {open && (
        <Loaded query={whole} height={120}>
          {(found) => <WriteupText writeup={found} />}
        </Loaded>
      )}
    </Card>
  );
}

/** What the team handed in of all that it tried. */
export function TeamWriteups({ competitionId }: { competitionId: string }) {
  const own = useOwn(competitionId);
  return (
    <Card component="section">
      <Title order={2} size="h5" mb="xs">
        {t("Write-ups")}
      </Title>
      <Loaded query={own} height={80}>
        {(handed) => (
          <Stack gap="xs">
            <Deadline handed={handed} />
            {!handed.items?.length && (
              <Text size="sm" c="dimmed">
                {t("Challenges are listed here once your team has answered a question of them.")}
              </Text>
            )}
            {handed.items?.map((item) => (
              <Group key={item.challenge_id} justify="space-between" gap="xs">
                <A
                  to="/competitions/$competitionId/challenges/$challengeId"
                  params={{ competitionId, challengeId: item.challenge_id }}
                  search={{ tab: "writeups" }}
                  className="wrap"
                >
                  {item.challenge_name}
                </A>
                <Text size="sm" c="dimmed">
                  {item.solved && `${t("solved")} · `}
                  {item.writeup ? (
                    <>
                      {t("Handed in")} <Ago at={item.writeup.updated_at} />
                    </>
                  ) : (
                    t("none handed in")
                  )}
                </Text>
              </Group>
            ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  );
}
