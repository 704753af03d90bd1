"""Discovery: the challenges of a folder."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType

from ctfy.challenge.audit import METADATA, Finding, audit
from ctfy.challenge.compose.file import load_compose
from ctfy.challenge.compose.model import FILE, Compose
from ctfy.challenge.documents import read_document
from ctfy.challenge.folders import add_contents
from ctfy.challenge.limits import Wanted, wanted
from ctfy.challenge.metadata import Metadata

TEMPLATE_SUFFIX = ".j2"
_MOST_ENTRIES = 10_000  # files of a folder whose changes are told by a look at them
_LATELY_NS = 100_000_000
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")


@dataclass(frozen=True)
class Challenge:
    """A challenge and the folder it lives in. `bucket` is the folder around it, if any."""

    id: str
    bucket: str
    path: Path
    metadata: Metadata

    @cached_property
    def compose_file(self) -> Path | None:
        """The service topology, where there is one."""
        path = self.path / FILE
        return path if path.is_file() else None

    @cached_property
    def compose(self) -> Compose:
        """What that file says; no services where there is none.

        The file is read once, so that what runs is what was looked at. Raises ComposeRefused.
        """
        return load_compose(self.path) if self.compose_file is not None else Compose({}, 0)

    @cached_property
    def wanted(self) -> Wanted:
        """What an instance takes of a node. Raises ComposeRefused."""
        return wanted(self.metadata, self.compose.services)

    @cached_property
    def is_qa_only(self) -> bool:
        """Answered without an instance: no services, no minted answer."""
        runs = self.compose_file is not None or self.metadata.sandbox is not None
        return not runs and not any(q.minted for q in self.metadata.questions)

    @cached_property
    def attachments(self) -> dict[str, Path]:
        """The files that players download, by the name they see; templates lose their suffix.

        Whoever opens one does it by `open_inside`: a link may have taken its place.
        """
        folder = self.path / "attachments"
        if folder.is_symlink() or not folder.is_dir():
            return {}
        return {
            path.name.removesuffix(TEMPLATE_SUFFIX): path
            for path in sorted(folder.iterdir())
            if path.is_file() and not path.is_symlink()
        }

    @cached_property
    def digest(self) -> str:
        """What the folder holds, in 64 hex digits: another one after any change."""
        whole = hashlib.sha256()
        add_contents(whole, self.path)
        return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look at the folder found, by challenge id. `broken`: what is wrong now."""

    added: list[str]
    removed: list[str]
    changed: list[str]
    broken: list[str]

    def __str__(self) -> str:
        counts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        words = [f"{len(ids)} {what}" for what, ids in counts.items()]
        return ", ".join(words + ([f"{len(self.broken)} broken"] if self.broken else []))


class Catalogue:
    """Every challenge by its id; `broken`: what is wrong with the others, by their names.

    `in_folder`: those that lie in the folder that was looked at. Others come in by `pin`.
    """

    def __init__(self, challenges: list[Challenge]) -> None:
        self.challenges = {challenge.id: challenge for challenge in challenges}
        self.in_folder = dict(self.challenges)
        self.broken: dict[str, list[Finding]] = {}
        self._folders: dict[Path, Folder] = {}
        self._pinned: Mapping[str, Challenge] = MappingProxyType({})

    @classmethod
    def load(cls, root: Path) -> Catalogue:
        """The challenges under `root` that are right. Raises FileNotFoundError."""
        catalogue = cls([])
        catalogue.rescan(root)
        return catalogue

    def rescan(self, root: Path) -> Changes:
        """Look again at what changed. A challenge that is broken now stays as it was.

        Raises FileNotFoundError, and then everything stays as it was.
        """
        seen = look(root, self._folders)
        before, after = self.in_folder, {c.id: c for c in seen.challenges}
        broken = {path.name: errors for path, errors in seen.broken.items()}
        after |= {id_: before[id_] for id_ in broken if id_ in before and id_ not in after}
        self.in_folder, self.broken, self._folders = after, broken, seen.folders
        return self._settle()

    def pin(self, pinned: Mapping[str, Challenge]) -> Changes:
        """Have these by their ids, whatever the folder holds."""
        self._pinned = pinned
        return self._settle()

    def _settle(self) -> Changes:
        before, self.challenges = self.challenges, {**self.in_folder, **self._pinned}
        return self.changes_since(before)

    def changes_since(self, before: Mapping[str, Challenge]) -> Changes:
        """What is another now than in `before`, the `challenges` of an earlier time."""
        after = self.challenges
        return Changes(
            sorted(after.keys() - before.keys()),
            sorted(before.keys() - after.keys()),
            [
                id_
                for id_ in sorted(before.keys() & after.keys())
                if before[id_].digest != after[id_].digest
            ],
            sorted(self.broken),
        )

    def select(
        self, challenge_id: str = "", difficulty: str = "", tag: str = ""
    ) -> list[Challenge]:
        """Those that match all that is given."""
        return [
            c
            for c in self.challenges.values()
            if challenge_id in ("", c.id)
            and difficulty in ("", c.metadata.difficulty)
            and (not tag or tag in c.metadata.tags)
        ]

    def unknown(self, challenge_ids: list[str]) -> list[str]:
        """The ids that are of no challenge here."""
        return [id_ for id_ in challenge_ids if id_ not in self.challenges]

    def get(self, challenge_id: str) -> Challenge | None:
        """The challenge of that id."""
        return self.challenges.get(challenge_id)


@dataclass(frozen=True, slots=True)
class Folder:
    """A challenge's folder as it was looked at: what it holds, unless that is wrong.

    `stamp`: when and how its files were written last; empty where that does not tell a change.
    """

    stamp: bytes
    challenge: Challenge | None
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Look:
    """What is under a folder: the challenges that are right, and all that the audit finds.

    `broken`: the errors, by the folders that they are in.
    """

    challenges: list[Challenge]
    findings: list[Finding]
    broken: dict[Path, list[Finding]]
    folders: dict[Path, Folder]


def look(root: Path, before: Mapping[Path, Folder] = MappingProxyType({})) -> Look:
    """Look at every challenge folder under `root`; only at what changed since `before`.

    Raises FileNotFoundError.
    """
    folders = {path: look_at(root, path, before.get(path)) for path in discover(root)}
    findings = {path: list(folder.findings) for path, folder in folders.items()}
    named: defaultdict[str, list[Path]] = defaultdict(list)
    for path in folders:
        named[path.name].append(path)
    for path in folders:
        for other in named[path.name]:
            if other != path:
                problem = f"`{path.name}` is also {other}"
                fix = "rename one of them"
                findings[path].append(Finding(path, 0, "folder.twice", problem, fix))
    right = {path: f.challenge for path, f in folders.items() if f.challenge}
    for path, finding in _locked_for_ever(right, set(named)):
        findings[path].append(finding)
    broken = {
        path: errors
        for path, found in findings.items()
        if (errors := [finding for finding in found if finding.is_error])
    }
    return Look(
        [challenge for path, challenge in right.items() if path not in broken],
        [finding for found in findings.values() for finding in found],
        broken,
        folders,
    )


def look_at(root: Path, path: Path, before: Folder | None = None) -> Folder:
    """What one folder under `root` holds, and what the audit says of it.

    It is `before` itself while nothing changed.
    """
    stamp = _stamp(path)
    if before is not None and stamp and stamp == before.stamp:
        return before
    findings = _audited(root, path)
    challenge = None
    if not any(finding.is_error for finding in findings):
        try:
            challenge = load_challenge(root, path)
            _ = challenge.digest  # of what is there now, to tell later changes by
        except ValueError as error:  # what the audit passed is refused a moment later
            problem = f"changed while it was read: {error}"
            findings.append(Finding(path, 0, "folder.changed", problem, "look again"))
            challenge = None
    return Folder(stamp, challenge, findings)


def _stamp(folder: Path) -> bytes:
    """A digest of when and how everything in a folder was written.

    Empty where that is too much, or so lately that what follows may have the same time.
    """
    stamp, entries, lately = hashlib.blake2b(digest_size=16), 0, time.time_ns() - _LATELY_NS
    waiting = [str(folder)]
    with suppress(OSError):
        for path in (folder, folder.parent):  # a link to the same may have taken its place
            stamp.update(repr((path.lstat().st_mode, path.lstat().st_ino)).encode())
        while waiting:
            with os.scandir(waiting.pop()) as found:
                for entry in sorted(found, key=lambda entry: entry.name):
                    entries += 1
                    state = entry.stat(follow_symlinks=False)
                    if entries > _MOST_ENTRIES or state.st_ctime_ns > lately:
                        return b""
                    told = (entry.path, state.st_mode, state.st_size, state.st_ino)
                    stamp.update(repr((*told, state.st_mtime_ns, state.st_ctime_ns)).encode())
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        return stamp.digest()
    return b""


def _audited(root: Path, folder: Path) -> list[Finding]:
    """What the audit finds; nothing is read through a link that stands for a bucket."""
    bucket = folder.parent
    if bucket != root and bucket.is_symlink():
        problem = f"`{bucket.name}` around it is a symbolic link"
        return [Finding(folder, 0, "folder.link", problem, "move the folder itself here")]
    findings = audit(folder)
    if not ID.fullmatch(folder.name):
        problem = f"`{folder.name}` is no challenge id"
        findings.append(Finding(folder, 0, "folder.name", problem, "use a-z, 0-9, - and _"))
    return findings


def _locked_for_ever(
    right: dict[Path, Challenge], names: set[str]
) -> Iterator[tuple[Path, Finding]]:
    """Challenges that nothing can unlock: by one that there is not, or by one another.

    `names`: of all folders; one that is broken now may be mended.
    """
    for path, challenge in right.items():
        for id_ in challenge.metadata.unlocked_by:
            if id_ not in names:
                problem = f"`unlocked_by` names `{id_}`, which is no challenge here"
                fix = f"use one of: {', '.join(sorted(names))}"
                yield path, Finding(path / METADATA, 0, "unlocked-by.unknown", problem, fix)
    paths = {challenge.id: path for path, challenge in right.items()}
    needs = {challenge.id: challenge.metadata.unlocked_by for challenge in right.values()}
    while circle := _circle(needs):
        problem = f"`unlocked_by` goes in a circle: {' -> '.join(circle)}"
        for id_ in sorted(set(circle)):
            path = paths[id_] / METADATA
            fix = "take one of them out"
            yield paths[id_], Finding(path, 0, "unlocked-by.circle", problem, fix)
            del needs[id_]


def _circle(needs: dict[str, list[str]]) -> list[str]:
    """Some that need one another, in order; empty where there are none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def discover(root: Path) -> list[Path]:
    """The challenge folders `<root>/[bucket/]<id>`, sorted. Raises FileNotFoundError."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such challenges folder")
    found = []
    for here in sorted(root.iterdir()):
        found += [here] if _has_metadata(here) else []
        with suppress(OSError):  # no folder, or none that may be read
            found += [inner for inner in sorted(here.iterdir()) if _has_metadata(inner)]
    return sorted(found)


def _has_metadata(folder: Path) -> bool:
    """Whether a folder says that it is a challenge, be it by a link that leads nowhere."""
    return os.path.lexists(folder / METADATA)


def load_challenge(root: Path, folder: Path) -> Challenge:
    """The challenge of one folder, which the audit has passed. Raises ValueError if it changed."""
    relative = folder.resolve().relative_to(root.resolve())
    challenge = Challenge(
        id=folder.name,
        bucket=relative.parts[0] if len(relative.parts) > 1 else "",
        path=folder.resolve(),
        metadata=Metadata.model_validate(read_document(folder, METADATA).content),
    )
    _ = challenge.compose
    return challenge
