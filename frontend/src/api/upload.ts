import type { Zippable } from "fflate";
import { t } from "../i18n";
import { ApiError, refusal } from "./client";

/** Send a file, and say how much of it is there, from 0 to 1: which `fetch` does not tell. */
export function upload<T>(
  method: "POST" | "PUT",
  path: string,
  query: Record<string, string>,
  body: Blob,
  progress: (part: number) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, `${path}?${new URLSearchParams(query)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onerror = () => reject(new ApiError(0, "offline", t("The upload broke off.")));
    request.onload = async () => {
      const { status, statusText, responseText } = request;
      const headers = { "Retry-After": request.getResponseHeader("Retry-After") ?? "0" };
      const response = new Response(responseText, { status, statusText, headers });
      if (response.ok) resolve(await response.json());
      else reject(await refusal(response));
    };
    request.send(body);
  });
}

/** A file and where it lies in the folder that was dropped or chosen. */
export interface Found {
  path: string;
  file: File;
}

/** The files of what was dropped, also those in folders. */
export async function dropped(transfer: DataTransfer): Promise<Found[]> {
  // Entries are there only until the event is over.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const found: Found[] = [];
  const take = async (entry: FileSystemEntry | null): Promise<void> => {
    if (entry?.isFile) {
      const file = await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      );
      found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    } else if (entry?.isDirectory) {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      for (;;) {
        const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
          reader.readEntries(resolve, reject),
        );
        if (!some.length) break;
        for (const inner of some) await take(inner);
      }
    }
  };
  for (const entry of entries) await take(entry);
  return found;
}

/** The files of an input; of a folder with their paths in it. */
export const chosen = (files: FileList | null): Found[] =>
  [...(files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

const ARCHIVE = /\.(tar|tar\.gz|tgz|zip)$/i;

/** One archive: that which was given, or one of all files that were. */
export async function archived(found: Found[]): Promise<Blob> {
  const [only] = found;
  return only && found.length === 1 && ARCHIVE.test(only.path) ? only.file : zipped(found);
}

/** Files as a zip archive. */
export async function zipped(found: Found[]): Promise<Blob> {
  const { zipSync } = await import("fflate");
  const entries = await Promise.all(
    found.map(async ({ path, file }) => {
      const content = new Uint8Array(await file.arrayBuffer());
      // A browser does not tell which files may be run: scripts and programs say it themselves.
      const mode = /^(#!|\x7fELF)/.test(String.fromCharCode(...content.slice(0, 4)))
        ? 0o755
        : 0o644;
      return [path, [content, { os: 3, attrs: (0o100000 | mode) << 16 }]] as const;
    }),
  );
  return new Blob([zipSync(Object.fromEntries(entries) as Zippable) as Uint8Array<ArrayBuffer>]);
}
