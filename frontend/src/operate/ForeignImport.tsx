import {
  Badge,
  Button,
  Checkbox,
  Group,
  NativeSelect,
  Stack,
  Table,
  Text,
  Title,
} from "@mantine/core";
import { useState } from "react";
import type { ForeignChallenge, ForeignImport as Result } from "../api/client";
import { refresh } from "../api/queries";
import { archived, type Found, upload } from "../api/upload";
import { A } from "../components/links";
import { type Message, t } from "../i18n";
import { DIFFICULTIES } from "./ChallengeEditor";
import { DropZone } from "./DropZone";
import { Refusal } from "./Findings";

const FORMATS = ["ctfcli", "rctf", "kctf", "xbow"];
const STATES = {
  new: "is new",
  updated: "is brought up to date",
  unchanged: "is here as it is",
  refused: "is not brought in",
} as const satisfies Record<string, Message>;
const BECAME = {
  carried: "as it was",
  changed: "said another way",
  dropped: "left out",
} as const satisfies Record<string, Message>;

/** A collection of another format: what becomes of it is shown before it is taken in. */
export function ForeignImport() {
  const [format, setFormat] = useState("");
  const [difficulty, setDifficulty] = useState("medium");
  const [force, setForce] = useState(false);
  const [progress, setProgress] = useState<number>();
  const [error, setError] = useState<unknown>();
  const [held, hold] = useState<Blob>();
  const [result, setResult] = useState<Result>();
  const send = async (body: Blob, dry_run: boolean, of = format) => {
    setError(undefined);
    setProgress(0);
    try {
      const query = { format: of, difficulty, dry_run: String(dry_run), force: String(force) };
      setResult(await upload("POST", "/api/v1/admin/challenges/import", query, body, setProgress));
      if (!dry_run) void refresh("/api/v1/admin/challenges", "/api/v1/challenges");
    } catch (refused) {
      setError(refused);
    } finally {
      setProgress(undefined);
    }
  };
  const take = async (found: Found[]) => {
    if (!found.length) return;
    setResult(undefined);
    const body = await archived(found);
    hold(body);
    await send(body, true);
  };
  const wanted = result?.challenges.filter(({ state }) => state === "new" || state === "updated");
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        {t("Bring a collection of another format")}
      </Title>
      <Text size="sm">
        {t("Challenges as ctfcli, rCTF, kCTF or XBOW have them: a folder, or an archive of one.")}{" "}
        {t("First you see what becomes of each field.")}
      </Text>
      <Group align="end">
        <NativeSelect
          label={t("Format")}
          value={format}
          onChange={(event) => setFormat(event.currentTarget.value)}
          data={[{ value: "", label: t("found out") }, ...FORMATS]}
        />
        <NativeSelect
          label={t("Difficulty where none is named")}
          value={difficulty}
          onChange={(event) => setDifficulty(event.currentTarget.value)}
          data={DIFFICULTIES()}
        />
        <Checkbox
          label={t("Take theirs where a file was changed here, too")}
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
      </Group>
      <DropZone label={t("Choose a collection")} folders progress={progress} take={take} />
      <Refusal error={error} />
      {result && (
        <>
          <Group justify="space-between">
            <Text size="sm" role="status">
              {result.dry_run
                ? t(
                    "{n} challenge of {format}: nothing is brought in yet.|{n} challenges of {format}: nothing is brought in yet.",
                    {
                      n: result.challenges.length,
                      format: result.format,
                    },
                  )
                : t("{n} challenge was brought in.|{n} challenges were brought in.", {
                    n: result.challenges.filter(({ version }) => version).length,
                  })}
            </Text>
            {result.dry_run && held && (
              <Button
                variant="default"
                loading={progress !== undefined}
                onClick={() => send(held, true)}
              >
                {t("Look again")}
              </Button>
            )}
            {result.dry_run && held && Boolean(wanted?.length) && (
              <Button
                loading={progress !== undefined}
                onClick={() => send(held, false, result.format)}
              >
                {t("Bring {n} in|Bring {n} in", { n: wanted!.length })}
              </Button>
            )}
          </Group>
          {result.challenges.map((row) => (
            <Becomes key={`${row.id} ${row.source}`} row={row} />
          ))}
        </>
      )}
    </Stack>
  );
}

/** What becomes of one challenge, field by field. */
function Becomes({ row }: { row: ForeignChallenge }) {
  const partly = row.state !== "refused" && !row.complete;
  return (
    <details open={row.state === "refused" || partly}>
      <summary>
        {row.version ? (
          <A
            to="/admin/challenges/$challengeId"
            params={{ challengeId: row.id }}
            fw={600}
            underline="always"
          >
            {row.title || row.id}
          </A>
        ) : (
          <b>{row.title || row.id}</b>
        )}{" "}
        {t(STATES[row.state])}
        {partly && ` · ${t("without all of its files")}`}{" "}
        <Text span size="sm" c="dimmed" className="wrap">
          {row.source}
        </Text>
      </summary>
      {row.findings?.map((finding) => (
        <Text key={finding} size="sm" c="red" className="wrap">
          {finding}
        </Text>
      ))}
      {Boolean(row.fields?.length) && (
        <section className="scroll" aria-label={row.title || row.id} tabIndex={0}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("Field")}</Table.Th>
                <Table.Th>{t("Becomes")}</Table.Th>
                <Table.Th>{t("Why")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {row.fields!.map(({ field, became, why }) => (
                <Table.Tr key={`${field} ${became} ${why}`}>
                  <Table.Td className="wrap">{field}</Table.Td>
                  <Table.Td>
                    <Badge
                      variant="light"
                      color={
                        became === "dropped" ? "orange" : became === "changed" ? "blue" : "gray"
                      }
                    >
                      {t(BECAME[became])}
                    </Badge>
                  </Table.Td>
                  <Table.Td className="wrap">{why}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
      )}
    </details>
  );
}
