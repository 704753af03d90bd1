import { Stack, Textarea, type TextareaProps } from "@mantine/core";
import { type ClipboardEvent, type DragEvent, useRef, useState } from "react";
import type { ChallengeFiles, PushedChallenge } from "../api/client";
import { refresh } from "../api/queries";
import { upload } from "../api/upload";
import { notify } from "../components/toasts";
import { Upload } from "../components/Upload";
import { t } from "../i18n";

const KINDS: Record<string, string> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
  "image/gif": "gif",
};

export interface TextImages {
  /** The newest version, images among it. */
  version: number;
  busy: boolean;
  error: unknown;
  /** Put images into the challenge's folder: the Markdown that shows them. */
  add: (files: File[]) => Promise<string>;
}

/** Images for a challenge's texts: files of its folder, each in a version. */
export function useTextImages(held: ChallengeFiles): TextImages {
  const [uploaded, setUploaded] = useState(0);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const version = Math.max(held.version ?? 0, uploaded);
  const add = async (files: File[]) => {
    const there = new Set(held.files.map(({ path }) => path));
    let base = version;
    let markdown = "";
    setBusy(true);
    setError(undefined);
    try {
      for (const file of files) {
        const path = `images/${await nameOf(file)}`;
        if (!there.has(path)) {
          const saved = await upload<Pick<PushedChallenge, "version">>(
            "PUT",
            `/api/v1/admin/challenges/${held.challenge_id}/files/content`,
            { path, base: String(base) },
            file,
            () => undefined,
          );
          base = saved.version ?? base;
          setUploaded(base);
          there.add(path);
        }
        const words = file.name.replace(/\.\w+$/, "").replace(/[[\]\\]/g, "") || t("Image");
        markdown += `![${words}](${path})\n`;
      }
      notify(t("Saved as version {n}", { n: base }));
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
      void refresh("/api/v1/admin/challenges", "/api/v1/challenges");
    }
    return markdown;
  };
  return { version, busy, error, add };
}

/** Named by what it holds: the same image is there once, and no other takes its name. */
async function nameOf(file: File): Promise<string> {
  const { sha256 } = await import("@noble/hashes/sha2.js");
  const digest = sha256(new Uint8Array(await file.arrayBuffer()));
  const words = file.name
    .replace(/\.\w+$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const hex = Array.from(digest.slice(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${words || "image"}-${hex}.${KINDS[file.type]}`;
}

const imagesIn = (transfer: DataTransfer) =>
  [...transfer.files].filter((file) => file.type in KINDS);

/** A text into which images are pasted or dropped, or put by a button. */
export function ImageTextarea({
  images,
  value,
  change,
  ...props
}: Omit<TextareaProps, "value" | "onChange"> & {
  images: TextImages;
  value: string;
  change: (text: string) => void;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  const latest = useRef(value);
  latest.current = value;
  const put = async (files: File[]) => {
    const at = area.current?.selectionStart ?? value.length;
    const markdown = await images.add(files);
    // What was written while it was sent stays.
    const text = latest.current;
    if (markdown) change(text.slice(0, at) + markdown + text.slice(at));
  };
  const take = (event: ClipboardEvent | DragEvent, transfer: DataTransfer) => {
    const files = imagesIn(transfer);
    if (!files.length) return;
    event.preventDefault();
    void put(files);
  };
  return (
    <Stack gap={4} flex={1} align="flex-start">
      <Textarea
        {...props}
        ref={area}
        w="100%"
        value={value}
        onChange={(event) => change(event.currentTarget.value)}
        onPaste={(event) => take(event, event.clipboardData)}
        onDrop={(event) => take(event, event.dataTransfer)}
      />
      <Upload
        label={t("Add an image to “{name}”", { name: String(props.label) })}
        busy={images.busy}
        send={(file) => void put([file])}
      />
    </Stack>
  );
}
