"""Discovery: the challenges of a folder."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ctfy.challenge.audit import METADATA, Finding, audit
from ctfy.challenge.compose.file import load_compose
from ctfy.challenge.compose.model import FILE, Compose
from ctfy.challenge.documents import read_document
from ctfy.challenge.folders import PathRefused, add_contents
from ctfy.challenge.metadata import Metadata

TEMPLATE_SUFFIX = ".j2"
_MOST_SAID = 20  # findings in one message
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")


class BrokenChallenge(ValueError):
    """A challenge folder is wrong; `findings` say where and how to mend it."""

    def __init__(self, findings: list[Finding]) -> None:
        more = [f"and {len(findings) - _MOST_SAID} more"] if len(findings) > _MOST_SAID else []
        super().__init__("; ".join([*map(str, findings[:_MOST_SAID]), *more]))
        self.findings = findings


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
    """What a look at the folder found, by challenge id."""

    added: list[str]
    removed: list[str]
    changed: list[str]

    def __str__(self) -> str:
        counts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        return ", ".join(f"{len(ids)} {what}" for what, ids in counts)


class Catalogue:
    """Every challenge by its id."""

    def __init__(self, challenges: list[Challenge]) -> None:
        self.challenges = {challenge.id: challenge for challenge in challenges}

    @classmethod
    def load(cls, root: Path) -> Catalogue:
        """The challenges under `root`. Raises BrokenChallenge when any is wrong."""
        challenges, findings = look(root)
        if errors := [finding for finding in findings if finding.is_error]:
            raise BrokenChallenge(errors)
        try:
            for challenge in challenges:
                _ = challenge.digest  # of what is there now, to tell later changes by
        except PathRefused as error:
            raise _changed(root, error) from error
        return cls(challenges)

    def rescan(self, root: Path) -> Changes:
        """Look at the folder again. Raises BrokenChallenge, and then everything stays as it was."""
        before, after = self.challenges, Catalogue.load(root).challenges
        changed = [
            id_
            for id_ in sorted(before.keys() & after.keys())
            if before[id_].digest != after[id_].digest
        ]
        self.challenges = after
        return Changes(
            sorted(after.keys() - before.keys()), sorted(before.keys() - after.keys()), changed
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


def look(root: Path) -> tuple[list[Challenge], list[Finding]]:
    """The challenges under `root`, and all that the audit finds; no challenges beside an error.

    Raises BrokenChallenge when a folder changes meanwhile, FileNotFoundError.
    """
    folders = discover(root)
    findings = [finding for folder in folders for finding in _audited(root, folder)]
    seen: dict[str, Path] = {}
    for folder in folders:
        if not ID.fullmatch(folder.name):
            problem, fix = f"`{folder.name}` is no challenge id", "use a-z, 0-9, - and _"
            findings.append(Finding(folder, 0, "folder.name", problem, fix))
        if folder.name in seen:
            problem = f"`{folder.name}` is also {seen[folder.name]}"
            findings.append(Finding(folder, 0, "folder.twice", problem, "rename one of them"))
        seen[folder.name] = folder
    if any(finding.is_error for finding in findings):
        return [], findings
    try:
        challenges = [load_challenge(root, folder) for folder in folders]
    except ValueError as error:
        raise _changed(root, error) from error
    return challenges, findings + _locked_for_ever(challenges)


def _audited(root: Path, folder: Path) -> list[Finding]:
    """What the audit finds; nothing is read through a link that stands for a bucket."""
    bucket = folder.parent
    if bucket != root and bucket.is_symlink():
        problem = f"`{bucket.name}` around it is a symbolic link"
        return [Finding(folder, 0, "folder.link", problem, "move the folder itself here")]
    return audit(folder)


def _changed(root: Path, error: ValueError) -> BrokenChallenge:
    """What the audit passed is refused a moment later."""
    problem = f"changed while it was read: {error}"
    return BrokenChallenge([Finding(root, 0, "folder.changed", problem, "look again")])


def _locked_for_ever(challenges: list[Challenge]) -> list[Finding]:
    """Challenges that nothing can unlock: by one that there is not, or by one another."""
    known = {challenge.id: challenge for challenge in challenges}
    findings = [
        Finding(
            challenge.path / METADATA,
            0,
            "unlocked-by.unknown",
            f"`unlocked_by` names `{id_}`, which is no challenge here",
            f"use one of: {', '.join(sorted(known))}",
        )
        for challenge in challenges
        for id_ in challenge.metadata.unlocked_by
        if id_ not in known
    ]
    needs = {challenge.id: challenge.metadata.unlocked_by for challenge in challenges}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = error.args[1]
        findings.append(
            Finding(
                known[circle[0]].path / METADATA,
                0,
                "unlocked-by.circle",
                f"`unlocked_by` goes in a circle: {' -> '.join(circle)}",
                "take one of them out",
            )
        )
    return findings


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
