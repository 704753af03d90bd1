"""Git repositories whose commits become versions of challenges."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.archive import MOST_UNPACKED, ArchiveRefused
from ctfy.challenge.catalogue import look
from ctfy.challenge.folders import PathRefused, inside, printable, tree
from ctfy.challenge.versions import ChallengeRefused
from ctfy.core.errors import Conflict, NotFound
from ctfy.server.challenges.library import Library
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.domain import Params, Report
from ctfy.server.settings import Settings
from ctfy.server.tables.challenges import ChallengeSource

_LOOK_S = 20.0  # how long to say which commit a branch is at
_CLONE_S = 300.0
_MEASURE_S = 0.5
_MOST_SAID = 2000  # characters of an error
# Nothing of a repository is run, no other protocol is spoken, and nobody is asked for a password.
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:git",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C",
}


class OneSource(Params):
    """One repository."""

    source_id: str


class SourceFailed(Exception):
    """A repository could not be read; the message says why."""


async def source(session: AsyncSession, source_id: str) -> ChallengeSource:
    """A repository. Raises `source_not_found`."""
    found = await session.get(ChallengeSource, source_id)
    if found is None:
        raise NotFound("source_not_found", "There is no such source of challenges.")
    return found


async def pull_all(settings: Settings, database: Database, library: Library) -> str:
    """Look at every repository, and take in what is new."""
    async with database.transaction() as session:
        found = list(await session.scalars(select(ChallengeSource).order_by(ChallengeSource.id)))
    words = []
    for one in found:
        try:
            words.append(f"{one.url}: {await _pull(settings, database, library, one)}")
        except SourceFailed as error:
            words.append(f"{one.url}: {error}")
    return "; ".join(words) or "no repositories"


async def pull(
    settings: Settings, database: Database, library: Library, report: Report, params: OneSource
) -> dict[str, str]:
    """Look at one repository now."""
    async with database.transaction() as session:
        one = await source(session, params.source_id)
    try:
        said = await _pull(settings, database, library, one)
    except SourceFailed as error:
        raise Conflict("source_failed", str(error)) from error
    await report.log(said)
    return {"source_id": one.id, "said": said}


async def _pull(
    settings: Settings, database: Database, library: Library, one: ChallengeSource
) -> str:
    """Take in what a repository has now, and write down how that went. Raises SourceFailed."""
    commit, seen, refused, taken = one.commit, dict(one.seen), list[str](), 0
    try:
        at = await _branch_at(one)
        if at == one.commit:
            return "nothing new"
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".git-", dir=settings.data_dir) as room:
            commit, root = await _cloned(one, Path(room) / "repository")
            view = await asyncio.to_thread(look, root)
            refused = [str(errors[0]) for errors in view.broken.values()]
            for challenge in view.challenges:
                if seen.get(challenge.id) != challenge.digest:
                    try:
                        kept = await asyncio.to_thread(library.keep, challenge)
                    except (ArchiveRefused, ChallengeRefused) as error:
                        refused.append(f"{challenge.id}: {error}")
                        continue
                    await library.bring_in(kept, f"git {commit[:12]}", one.created_by)
                    seen[challenge.id] = challenge.digest
                    taken += 1
            there = {challenge.id for challenge in view.challenges}
            there |= {path.name for path in view.broken}
            seen = {id_: digest for id_, digest in seen.items() if id_ in there}
    except (SourceFailed, PathRefused, OSError) as error:
        await _note(database, one.id, commit="", seen=seen, error=str(error))
        raise SourceFailed(str(error)) from error
    await _note(database, one.id, commit=commit, seen=seen, error="\n".join(refused))
    return f"{commit[:12]}: {taken} taken, {len(refused)} refused"


async def _note(
    database: Database, source_id: str, *, commit: str, seen: dict[str, str], error: str
) -> None:
    async with database.transaction() as session:
        row = await session.get(ChallengeSource, source_id, with_for_update=True)
        if row is not None:
            row.commit, row.seen, row.checked_at = commit, seen, now()
            row.error = printable(error)[:_MOST_SAID]


async def _branch_at(one: ChallengeSource) -> str:
    said = await _git(["ls-remote", "--", one.url, f"refs/heads/{one.branch}"], _LOOK_S)
    if not said.strip():
        raise SourceFailed(f"the repository has no branch {one.branch}")
    return said.split()[0]


async def _cloned(one: ChallengeSource, goal: Path) -> tuple[str, Path]:
    """The commit that the branch is at, and its folder of challenges, without git's own files."""
    words = ["clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--template="]
    await _git([*words, f"--branch={one.branch}", "--", one.url, str(goal)], _CLONE_S, goal)
    commit = (await _git(["-C", str(goal), "rev-parse", "HEAD"], _LOOK_S)).strip()
    await asyncio.to_thread(shutil.rmtree, goal / ".git")
    root = inside(goal, one.folder)
    if not root.is_dir():
        raise SourceFailed(f"the repository has no folder {one.folder}")
    return commit, root


async def _git(words: list[str], seconds: float, goal: Path | None = None) -> str:
    """What git says. It ends when it takes too long, or `goal` grows too large."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.file.allow=never", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **_ENVIRONMENT},
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise SourceFailed("git is not on the server: install the package 'git'") from error
    talking = asyncio.create_task(process.communicate())
    try:
        async with asyncio.timeout(seconds):
            while not (await asyncio.wait({talking}, timeout=_MEASURE_S))[0]:
                if goal is not None and await asyncio.to_thread(_size, goal) > MOST_UNPACKED // 2:
                    raise SourceFailed("the repository is larger than 2 GB")
    except TimeoutError as error:
        raise SourceFailed(f"git took longer than {seconds:g} s") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await talking
    said, complained = talking.result()
    if process.returncode:
        last = complained.decode(errors="replace").strip().splitlines()[-1:]
        raise SourceFailed(printable("".join(last)) or f"git ended with {process.returncode}")
    return said.decode(errors="replace")


def _size(folder: Path) -> int:
    """How many bytes lie in a folder that somebody is writing to."""
    with suppress(OSError):
        return sum(info.st_size for _, info in tree(folder))
    return 0
