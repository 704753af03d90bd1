import { Anchor, Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { useState } from "react";
import {
  ApiError,
  api,
  type ChallengeFile,
  type ChallengeFiles as Held,
  type PushedChallenge,
} from "../api/client";
import { refresh } from "../api/queries";
import { type Found, upload, zipped } from "../api/upload";
import { Confirm } from "../components/Confirm";
import { Listing } from "../components/Listing";
import { Empty } from "../components/states";
import { notify } from "../components/toasts";
import { bytes, t } from "../i18n";
import { DropZone } from "./DropZone";
import { Refusal } from "./Findings";

const CONTENT = "/api/v1/admin/challenges/{challenge_id}/files/content";
const MOST_TEXT = 256 * 1024;
const BINARY = /\.(zip|gz|tgz|png|jpe?g|webp|gif|pdf|pcapng?|bin|elf|exe|so|jar|apk|db|sqlite)$/i;
const place = (challengeId: string) => CONTENT.replace("{challenge_id}", challengeId);
const whole = (challengeId: string) => place(challengeId).replace("/content", "");

type Saved = Pick<PushedChallenge, "version">;

/** What a challenge holds: its files, to add, change and take out. Each change is a version. */
export function ChallengeFiles({ held }: { held: Held }) {
  const [edited, edit] = useState<ChallengeFile>();
  const [progress, setProgress] = useState<number>();
  const [error, setError] = useState<unknown>();
  const id = held.challenge_id;
  const remove = api.useMutation("delete", CONTENT, {
    meta: { quiet: true },
    onSuccess: () => setError(undefined),
    onError: setError,
  });
  const add = async (folder: string, found: Found[]) => {
    setError(undefined);
    try {
      const files = found.map((one) => ({ ...one, path: folder + one.path }));
      const [only] = files;
      const base = String(held.version);
      // However many there are: one version.
      const { version } =
        only && files.length === 1
          ? await upload<Saved>("PUT", place(id), { path: only.path, base }, only.file, setProgress)
          : await upload<Saved>("POST", whole(id), { base }, await zipped(files), setProgress);
      notify(t("Saved as version {n}", { n: version }));
    } catch (refused) {
      setError(refused);
    } finally {
      setProgress(undefined);
      void refresh("/api/v1");
    }
  };
  return (
    <Stack>
      <DropZone
        label={t("Add files for players")}
        progress={progress}
        take={(found) => add("attachments/", found)}
      >
        {t("or drop them here: players download what lies in attachments/")}
      </DropZone>
      <Refusal error={error} />
      <Listing
        label={t("Files")}
        query={{ data: { items: held.files }, error: null, refetch: () => undefined }}
        id={(row) => row.path}
        empty={<Empty title={t("No files")} />}
        columns={[
          {
            title: t("File"),
            cell: (row) => (
              <Anchor
                href={`${place(id)}?${new URLSearchParams({ path: row.path, version: String(held.version) })}`}
                download
                className="wrap"
              >
                {row.path}
              </Anchor>
            ),
          },
          { title: t("Size"), right: true, wide: true, cell: (row) => bytes(row.size) },
          {
            title: t("Change"),
            right: true,
            cell: (row) => (
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                {row.size <= MOST_TEXT && !BINARY.test(row.path) && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => edit(row)}
                    aria-label={t("Edit {name}", { name: row.path })}
                  >
                    {t("Edit")}
                  </Button>
                )}
                {row.path !== "metadata.yaml" && (
                  <Confirm
                    label={t("Remove")}
                    question={t("Remove {name}?", { name: row.path })}
                    size="compact-sm"
                    act={() =>
                      remove.mutate({
                        params: {
                          path: { challenge_id: id },
                          query: { path: row.path, base: held.version },
                        },
                      })
                    }
                  >
                    {t("Earlier versions keep it.")}
                  </Confirm>
                )}
              </Group>
            ),
          },
        ]}
      />
      {edited && <TextFile held={held} file={edited} close={() => edit(undefined)} />}
    </Stack>
  );
}

/** A file as text, to change. */
function TextFile({ held, file, close }: { held: Held; file: ChallengeFile; close: () => void }) {
  const [version] = useState(held.version); // what is shown is of this one
  const [base, setBase] = useState(held.version);
  const [text, setText] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const query = api.useQuery("get", CONTENT, {
    params: {
      path: { challenge_id: held.challenge_id },
      query: { path: file.path, version },
    },
    parseAs: "text",
  });
  const save = async () => {
    setBusy(true);
    try {
      const sent = await upload<Saved>(
        "PUT",
        place(held.challenge_id),
        { path: file.path, base: String(base) },
        new Blob([text ?? ""]),
        () => undefined,
      );
      notify(t("Saved as version {n}", { n: sent.version }));
      close();
      void refresh("/api/v1");
    } catch (refused) {
      setError(refused);
      // Who saves again, told of it, puts this in the place of what somebody else saved.
      const now = refused instanceof ApiError ? refused.context.version : undefined;
      if (typeof now === "number") setBase(now);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={close}
      title={file.path}
      size="xl"
      closeOnClickOutside={text === undefined}
      closeOnEscape={text === undefined}
    >
      <Stack>
        <Textarea
          aria-label={file.path}
          value={text ?? (query.data as string | undefined) ?? ""}
          onChange={(event) => setText(event.currentTarget.value)}
          disabled={query.data === undefined}
          autosize
          minRows={8}
          maxRows={28}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          spellCheck={false}
          data-autofocus
        />
        <Refusal error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("Cancel")}
          </Button>
          <Button onClick={save} loading={busy} disabled={text === undefined}>
            {t("Save")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
