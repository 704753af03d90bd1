"""Collections of other formats, taken in: each of their challenges becomes a version."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ctfy.challenge.apart import bring_apart
from ctfy.challenge.archive import unpack
from ctfy.challenge.documents import DocumentRefused
from ctfy.challenge.folders import PathRefused, printable
from ctfy.challenge.versions import ChallengeRefused
from ctfy.core.errors import Conflict
from ctfy.server.access.caller import Caller
from ctfy.server.challenges.library import Library
from ctfy.server.database.connections import Database
from ctfy.server.models.versions import ForeignChallenge, ForeignImport
from ctfy.server.tables.challenges import ChallengeVersion, StoredChallenge

_LOOKS = 4  # a challenge whose id is taken gets another one, which may be taken as well


async def take_in(
    database: Database,
    library: Library,
    caller: Caller,
    archive: Path,
    room: Path,
    format_: str,
    difficulty: str,
    *,
    dry_run: bool,
    force: bool,
) -> ForeignImport:
    """Bring in what an archive holds; `room`: an empty folder for it.

    What was imported before is brought up to date, and what was changed here stays; a file that was
    changed here and there keeps its challenge out, unless `force` takes theirs.
    Raises ArchiveRefused, ImportRefused, OSError.
    """
    here, target = room / "collection", room / "challenges"
    here.mkdir()
    target.mkdir()
    source = await asyncio.to_thread(unpack, archive, here)
    numbers: dict[str, int] = {}
    for _ in range(_LOOKS):
        answer = await bring_apart(format_, source, target, difficulty, dry_run=True, force=force)
        ids = {str(row["id"]) for row in answer["reports"]} - numbers.keys()
        current = await _current(database, ids)
        if not current:
            break
        # Beside what is on the platform: the importer tells whose it is, and what changed.
        for version in current:
            numbers[version.challenge_id] = version.number
            held = await library.files(version)
            await asyncio.to_thread(
                shutil.copytree, held, target / version.challenge_id, symlinks=True
            )
    if not dry_run:
        format_ = answer["format"]
        answer = await bring_apart(format_, source, target, difficulty, dry_run=False, force=force)
    reports = [_report(row) for row in answer["reports"]]
    for report in reports if not dry_run else ():
        if report.state in ("new", "updated"):
            await _bring_in(library, caller, target, report, numbers.get(report.id, 0))
    return ForeignImport(format=answer["format"], dry_run=dry_run, challenges=reports)


async def _current(database: Database, ids: set[str]) -> list[ChallengeVersion]:
    """The current versions of those of them that are on the platform."""
    query = select(ChallengeVersion).join(
        StoredChallenge,
        (StoredChallenge.id == ChallengeVersion.challenge_id)
        & (StoredChallenge.digest == ChallengeVersion.digest),
    )
    async with database.transaction() as session:
        return list(await session.scalars(query.where(StoredChallenge.id.in_(ids))))


async def _bring_in(
    library: Library, caller: Caller, target: Path, report: ForeignChallenge, base: int
) -> None:
    """Make what was written a version; whatever keeps it from that is said in its report."""

    def change(folder: Path) -> None:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(target / report.id, folder, symlinks=True, dirs_exist_ok=True)

    try:
        version, _ = await library.edit(report.id, base, change, caller)
    except (ChallengeRefused, DocumentRefused, PathRefused, Conflict) as refused:
        report.state, report.complete = "refused", False
        report.findings.append(printable(str(refused)))
    else:
        report.version = version.number


def _report(row: dict[str, Any]) -> ForeignChallenge:
    fields = {name: row[name] for name in ForeignChallenge.model_fields if name in row}
    return ForeignChallenge.model_validate(fields)
