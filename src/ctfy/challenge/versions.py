"""Versions of challenges on disk, each by its digest."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ctfy.challenge.archive import MOST_UNPACKED, ArchiveRefused, unpack
from ctfy.challenge.audit import METADATA, Finding
from ctfy.challenge.catalogue import ID, Challenge, load_challenge, look
from ctfy.challenge.editing import check_names
from ctfy.challenge.folders import copy_tree, tree

_DAY_S = 86_400.0


class ChallengeRefused(ValueError):
    """What an archive holds is no challenge that can be run. `findings`: of the audit, if any."""

    def __init__(self, problem: str, findings: list[Finding] | None = None) -> None:
        super().__init__(problem)
        self.findings = findings or []


class Versions:
    """Folders `<root>/<digest>/<challenge id>`, complete or not there at all."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._known: dict[tuple[str, str], Challenge] = {}

    def get(self, challenge_id: str, digest: str, bucket: str = "") -> Challenge | None:
        """The challenge in that version; None where it is not here. Reads files once."""
        known = self._known.get((challenge_id, digest))
        if known is not None and not known.path.is_dir():
            known = None  # another process of this folder had no use for it
        folder = self._root / digest / challenge_id
        if known is None and folder.is_dir():
            with suppress(ValueError, OSError):  # a newer audit may refuse what passed once
                known = replace(load_challenge(folder.parent, folder), bucket=bucket)
                if known.digest != digest:  # as a power cut leaves files
                    known = None
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    self._known[(challenge_id, digest)] = known
        return known

    def add(
        self, archive: Path, challenge_id: str = "", digest: str = "", bucket: str = ""
    ) -> Challenge:
        """Unpack an archive, and keep the challenge that it holds.

        `challenge_id`: what it is called, where the archive does not say or is not believed.
        `digest`: what it must be. Raises ChallengeRefused, ArchiveRefused, OSError.
        """
        with self._room() as room:
            files, checked = room / "files", room / "challenge"
            files.mkdir()
            checked.mkdir()
            folder = unpack(archive, files, ours=bool(digest))
            name = challenge_id or (folder.name if folder != files else "")
            if not ID.fullmatch(name):
                raise ChallengeRefused(
                    f"{name!r} is no challenge id: the archive has one folder, named by the "
                    "challenge's id (a-z, 0-9, - and _)"
                )
            folder.rename(checked / name)
            return self._keep(checked / name, digest, bucket)

    def change(
        self,
        before: Path | None,
        challenge_id: str,
        change: Callable[[Path], object],
        bucket: str = "",
    ) -> Challenge:
        """Copy a folder, or begin an empty one, change it, and keep the challenge that it is then.

        Raises ChallengeRefused, what `change` raises, PathRefused, OSError.
        """
        if not ID.fullmatch(challenge_id):
            raise ChallengeRefused(f"{challenge_id!r} is no challenge id: use a-z, 0-9, - and _")
        with self._room() as room:
            folder = room / challenge_id
            folder.mkdir()
            if before is not None:
                copy_tree(before, folder)
            change(folder)
            check_names(folder)
            if sum(info.st_size for _, info in tree(folder)) > MOST_UNPACKED:
                raise ChallengeRefused("the challenge would be larger than one may be")
            return self._keep(folder, "", bucket)

    @contextmanager
    def _room(self) -> Iterator[Path]:
        """A folder to work in, beside what is kept."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(prefix=".unpacking-", dir=self._root) as room:
            yield Path(room)

    def _keep(self, folder: Path, digest: str, bucket: str) -> Challenge:
        """Move a folder to where its digest says, if it is a challenge."""
        seen = look(folder.parent)
        if folder not in seen.folders:
            raise ChallengeRefused(f"`{folder.name}` holds no {METADATA}")
        # What it needs of other challenges is for those to say who know them all.
        errors = [
            replace(finding, path=finding.path.relative_to(folder.parent))
            for finding in seen.findings
            if finding.is_error and not finding.rule.startswith("unlocked-by.")
        ]
        if errors:
            raise ChallengeRefused(f"`{folder.name}` is broken: {errors[0]}", errors)
        challenge = seen.folders[folder].challenge
        assert challenge is not None, "without errors there is one"  # noqa: S101
        if digest and challenge.digest != digest:
            raise ArchiveRefused("what came is not what was asked for: its digest differs")
        goal = self._root / challenge.digest
        goal.mkdir(exist_ok=True, mode=0o700)
        with suppress(OSError):  # it is there already, which is looked at in a moment
            folder.rename(goal / folder.name)
        found = self.get(folder.name, challenge.digest, bucket)
        if found is None:
            raise OSError(f"{goal}: what was written there is gone")
        return found

    def prune(self, keep: Iterable[str], older_than_s: float = 0.0) -> None:
        """Remove every version whose digest is not in `keep`, and what a kill left."""
        kept, moment = set(keep), time.time()
        with suppress(FileNotFoundError):
            for path in self._root.iterdir():
                age = moment - path.stat().st_mtime
                left_by_a_kill = path.name.startswith(".unpacking-") and age > _DAY_S
                unused = len(path.name) == 64 and path.name not in kept and age >= older_than_s
                if unused or left_by_a_kill:
                    self._known = {k: v for k, v in self._known.items() if k[1] != path.name}
                    shutil.rmtree(path, ignore_errors=True)
