"""The versions of challenges that the platform keeps, and which of each is the current one.

An archive by digest lies in the store, its row in the database. A version comes out of the
challenges folder when it is looked at, or is pushed. Every process has the current ones in its
catalogue: from its own folder where that holds the same, else unpacked from the store.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import structlog
from sqlalchemy import bindparam, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.archive import ArchiveRefused, pack
from ctfy.challenge.audit import METADATA, Finding
from ctfy.challenge.catalogue import Catalogue, Challenge, Changes, look
from ctfy.challenge.versions import ChallengeRefused, Versions
from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.challenges.audit import Ceilings, beyond, ceilings
from ctfy.server.challenges.events import ChallengesRescanned, ChallengeVersionSet
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.settings import Settings
from ctfy.server.store import Store
from ctfy.server.tables.challenges import ChallengeVersion, StoredChallenge
from ctfy.server.tables.instances import ALIVE, Instance

log = structlog.get_logger()

_PRUNED_AFTER_S = 3600.0  # another process may have brought it in just now
_LOCK = 0x6366_7679  # of whoever decides which versions are current
_CURRENT = Statement(
    select(StoredChallenge.id, StoredChallenge.digest, ChallengeVersion.bucket).join(
        ChallengeVersion,
        (ChallengeVersion.challenge_id == StoredChallenge.id)
        & (ChallengeVersion.digest == StoredChallenge.digest),
    )
)
_BUCKET = Statement(
    select(ChallengeVersion.bucket).where(
        ChallengeVersion.challenge_id == bindparam("challenge_id"),
        ChallengeVersion.digest == bindparam("digest"),
    )
)


def _archive_path(challenge_id: str, digest: str) -> str:
    """Where the store has the archive of a version.

    Not by digest alone: two challenges may hold the same, and each archive names its own.
    """
    return f"challenges/{digest}/{challenge_id}.tar.gz"


class Library:
    """Brings versions in, and keeps the catalogue of this process at the current ones."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        catalogue: Catalogue,
        store: Store,
        jobs: Jobs,
    ) -> None:
        self._settings = settings
        self._database = database
        self._catalogue = catalogue
        self._store = store
        self._jobs = jobs
        self._versions = Versions(settings.data_dir / "challenge-versions")
        self._refreshing, self._archiving = asyncio.Lock(), asyncio.Lock()
        # Somebody waits for a rescan; the archiving of a thousand challenges goes on after it.
        self._rescanning = asyncio.Lock()
        self._pruned_at = 0.0
        # What instances that run may still be of, by id and digest.
        self._past: dict[tuple[str, str], Challenge] = {}

    async def open(self) -> None:
        """Write down what the folder holds, and have in the catalogue what is current."""
        async with self._database.transaction() as session:
            if await self._note_folder(session):
                emit(session, ChallengesRescanned())
        await self.refresh()
        rows = await self._prune()
        for challenge_id, digest in rows:
            try:
                await self.of(challenge_id, digest)
            except OSError as error:  # asked for again when there is an answer to it
                log.warning("version_not_read", challenge=challenge_id, error=str(error))

    async def _prune(self) -> Sequence[Any]:
        """Clear away the versions on this disk that nobody needs; returns what instances run."""
        self._pruned_at = time.monotonic()
        async with self._database.transaction() as session:
            live = select(Instance.challenge_id, Instance.challenge_digest).distinct()
            rows = (await session.execute(live.where(Instance.state.in_(ALIVE)))).all()
            current = await session.scalars(select(StoredChallenge.digest))
            kept = {*current, *(digest for _, digest in rows)}
        await asyncio.to_thread(self._versions.prune, kept, _PRUNED_AFTER_S)
        return rows

    async def close(self) -> None:
        """Do nothing: nothing runs."""

    # -- the current versions, in this process

    async def refresh(self) -> Changes:
        """Bring the catalogue to the versions that are current."""
        async with self._refreshing:
            before, pinned = self._catalogue.challenges, {}
            for row in await self._database.read(_CURRENT):
                own = self._catalogue.in_folder.get(row.id)
                if own is not None and own.digest == row.digest:
                    continue
                try:
                    pinned[row.id] = await self._fetched(row.id, row.digest, row.bucket)
                except (OSError, ArchiveRefused, ChallengeRefused) as error:
                    log.error("challenge_left_out", challenge=row.id, error=str(error))
                    if row.id in before:  # better the one before than none
                        pinned[row.id] = before[row.id]
            changes = self._catalogue.pin(pinned)
            for challenge in self._catalogue.challenges.values():
                self._past[(challenge.id, challenge.digest)] = challenge
            return changes

    async def follow(self) -> Changes:
        """Look at the challenges folder again, and at what is current. Raises OSError."""
        before = self._catalogue.challenges
        async with self._rescanning:
            await asyncio.to_thread(self._catalogue.rescan, self._settings.challenges_dir)
            await self.refresh()
        return self._catalogue.changes_since(before)

    async def of(self, challenge_id: str, digest: str) -> Challenge | None:
        """A challenge in the version of an instance, or in the current one without a digest.

        Raises OSError where the store does not give it.
        """
        current = self._catalogue.get(challenge_id)
        if not digest or (current is not None and current.digest == digest):
            return current
        if (challenge_id, digest) in self._past:
            return self._past[(challenge_id, digest)]
        for row in await self._database.read(_BUCKET, challenge_id=challenge_id, digest=digest):
            try:
                found = await self._fetched(challenge_id, digest, row.bucket)
                self._past[(challenge_id, digest)] = found
                return found
            except (ArchiveRefused, ChallengeRefused) as error:
                raise OSError(str(error)) from error
        return current

    async def _fetched(self, challenge_id: str, digest: str, bucket: str) -> Challenge:
        found = await asyncio.to_thread(self._versions.get, challenge_id, digest, bucket)
        if found is not None:
            return found
        path, _ = await self.archived(challenge_id, digest)
        with tempfile.TemporaryFile() as file:
            async for chunk in self._store.stream(path):
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(file.flush)
            return await asyncio.to_thread(
                self._versions.add, Path(f"/dev/fd/{file.fileno()}"), challenge_id, digest, bucket
            )

    # -- bringing versions in

    async def rescan(self) -> Changes:
        """Look at the challenges folder again, for all: what is news there becomes current.

        Raises OSError, and then everything stays as it was.
        """
        before = self._catalogue.challenges
        async with self._rescanning:
            await asyncio.to_thread(self._catalogue.rescan, self._settings.challenges_dir)
            async with self._database.transaction() as session:
                await self._note_folder(session)
                emit(session, ChallengesRescanned())
            await self.refresh()
        return self._catalogue.changes_since(before)

    async def _note_folder(self, session: AsyncSession) -> bool:
        """What the folder holds another way than when it was looked at last becomes current.

        Returns whether that is anything.
        """
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        known = {row.id: row for row in await session.scalars(select(StoredChallenge))}
        here = self._catalogue.in_folder
        news = [
            challenge
            for challenge in here.values()
            if challenge.id not in known or known[challenge.id].folder_digest != challenge.digest
        ]
        await self._add_versions(session, news, "folder", None)
        await self._make_current(session, news, "folder")
        # A folder without any challenge is one that was not brought here, not one that was emptied;
        # and what is broken there goes on in the version before.
        there = {*here, *self._catalogue.broken} if here else set(known)
        gone = [row for row in known.values() if row.folder_digest and row.id not in there]
        for row in gone:
            if row.source == "folder":
                await session.delete(row)
            else:
                row.folder_digest = ""
        if news:
            await self._jobs.defer(session, "archive_challenges", lock="archive_challenges")
        if news or gone:
            await self._jobs.defer(session, "spread_challenges", lock="spread_challenges")
        return bool(news or gone)

    async def archive_folder(self, digest: str = "") -> None:
        """Put the archives into the store that versions of this process's folder lack.

        With a digest that one alone.
        """
        async with self._archiving:
            await self._archive_folder(digest)

    async def _archive_folder(self, only: str) -> None:
        lacking = select(ChallengeVersion.challenge_id, ChallengeVersion.digest).where(
            ChallengeVersion.archive_bytes.is_(None)
        )
        if only:
            lacking = lacking.where(ChallengeVersion.digest == only)
        async with self._database.transaction() as session:
            rows = (await session.execute(lacking)).all()
        for challenge_id, digest in rows:
            own = self._catalogue.in_folder.get(challenge_id)
            if own is None or own.digest != digest:
                continue  # another replica has it, or nobody any more
            async with self._rescanning:
                pass
            try:
                size = await self._archive(own)
            except (ValueError, OSError) as error:
                log.warning("challenge_not_archived", challenge=challenge_id, error=str(error))
                continue
            async with self._database.transaction() as session:
                version = await session.get(ChallengeVersion, (challenge_id, digest))
                if version is not None:
                    version.archive_bytes = size

    async def push(
        self, archive: Path, challenge_id: str, bucket: str, caller: Caller
    ) -> tuple[ChallengeVersion, list[Finding]]:
        """Make what an archive holds the current version of its challenge; and the warnings.

        Raises ArchiveRefused, ChallengeRefused, OSError: nothing has changed then.
        """
        challenge = await asyncio.to_thread(self._versions.add, archive, challenge_id, "", bucket)
        most = await ceilings(self._database, self._settings)
        warnings = await asyncio.to_thread(self._warnings, challenge, most)
        return await self.bring_in(challenge, "push", caller.user_id), warnings

    def _warnings(self, challenge: Challenge, most: Ceilings) -> list[Finding]:
        """What the audit says of a version, and what it needs that is not here."""
        folder = challenge.path.parent
        found = [finding for finding in look(folder).findings if not finding.is_error]
        found += beyond(challenge, most)
        for id_ in challenge.metadata.unlocked_by:
            if id_ != challenge.id and id_ not in self._catalogue.challenges:
                problem = f"`unlocked_by` names `{id_}`, which is not on the platform"
                fix = "push that one, too"
                path = challenge.path / METADATA
                found.append(Finding(path, 0, "unlocked-by.unknown", problem, fix, is_error=False))
        return [replace(each, path=each.path.relative_to(folder)) for each in found]

    def keep(self, challenge: Challenge) -> Challenge:
        """A version whose folder will go, from a place where it stays. Raises OSError."""
        with tempfile.TemporaryFile() as file:
            _pack(challenge, file)
            path = Path(f"/dev/fd/{file.fileno()}")
            return self._versions.add(path, challenge.id, challenge.digest, challenge.bucket)

    async def edit(
        self, challenge_id: str, base: int, change: Callable[[Path], object], caller: Caller
    ) -> tuple[ChallengeVersion, list[Finding]]:
        """Make a version of the current one, `base`, with its files changed; and the warnings.

        `base` 0: a new challenge. Raises `version_outdated` where another one is current,
        ChallengeRefused, OSError, and what `change` raises: nothing has changed then.
        """
        async with self._database.transaction() as session:
            before = await self._based_on(session, challenge_id, base)
        folder = await self.files(before) if before is not None else None
        bucket = before.bucket if before is not None else ""
        challenge = await asyncio.to_thread(
            self._versions.change, folder, challenge_id, change, bucket
        )
        most = await ceilings(self._database, self._settings)
        warnings = await asyncio.to_thread(self._warnings, challenge, most)
        return await self.bring_in(challenge, "push", caller.user_id, base=base), warnings

    async def _based_on(
        self, session: AsyncSession, challenge_id: str, base: int
    ) -> ChallengeVersion | None:
        """The current version, which must be that one. Raises `version_outdated`."""
        current = await self.current(session, challenge_id)
        number = current.number if current is not None else 0
        if number != base:
            raise Conflict(
                "version_outdated",
                f"Version {number} is current now, not {base}: look at what it changed, and save "
                "again."
                if number and base
                else "There is a challenge of that id already."
                if number
                else "The challenge was removed from the platform.",
                version=number,
            )
        return current

    async def bring_in(
        self, challenge: Challenge, origin: str, user_id: str | None, *, base: int | None = None
    ) -> ChallengeVersion:
        """Keep a version for ever, and make it the current one.

        `base`: the number that must be current until then, 0 for none.
        Raises `version_outdated`, OSError.
        """
        size = await self._archive(challenge)
        async with self._database.transaction() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if base is not None:
                await self._based_on(session, challenge.id, base)
            await self._add_versions(session, [challenge], origin, user_id)
            version = await session.get_one(ChallengeVersion, (challenge.id, challenge.digest))
            version.archive_bytes = size
            await self._make_current(session, [challenge], origin.partition(" ")[0])
            self._tell(session, version, user_id)
            await self._jobs.defer(session, "spread_challenges", lock="spread_challenges")
        await self.refresh()
        if time.monotonic() - self._pruned_at > _PRUNED_AFTER_S:
            await self._prune()
        return version

    async def roll_back(self, challenge_id: str, number: int, caller: Caller) -> ChallengeVersion:
        """Make an earlier version the current one, or a later one again.

        Raises `version_not_found`, `version_not_archived`.
        """
        async with self._database.transaction() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            version = await self.version(session, challenge_id, number)
            if version.archive_bytes is None:
                raise Conflict(
                    "version_not_archived",
                    "The archive of that version was never written: push it again.",
                )
            current = await session.get(StoredChallenge, challenge_id)
            if current is None:
                session.add(StoredChallenge(id=challenge_id, digest="", source="push"))
                current = await session.get_one(StoredChallenge, challenge_id)
            current.digest, current.changed_at = version.digest, now()
            current.source = version.origin.partition(" ")[0]
            self._tell(session, version, caller.user_id)
            await self._jobs.defer(session, "spread_challenges", lock="spread_challenges")
        await self.refresh()
        return version

    async def remove(self, challenge_id: str, caller: Caller) -> None:
        """Take a pushed challenge off the platform; its versions are kept, and can come back.

        Raises `challenge_not_found`, and `challenge_in_folder` for one that the folder holds.
        """
        async with self._database.transaction() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            current = await session.get(StoredChallenge, challenge_id)
            if current is None:
                raise NotFound("challenge_not_found", "There is no such challenge.")
            if current.folder_digest:
                raise Conflict(
                    "challenge_in_folder",
                    "The challenges folder of the server holds it: remove it there, and rescan.",
                )
            await session.delete(current)
            event = ChallengeVersionSet(challenge_id=challenge_id, version=0, origin="")
            emit(session, event, actor_id=caller.user_id)
            emit(session, ChallengesRescanned())
            await self._jobs.defer(session, "spread_challenges", lock="spread_challenges")
        await self.refresh()

    async def version(
        self, session: AsyncSession, challenge_id: str, number: int
    ) -> ChallengeVersion:
        """A version of a challenge. Raises `version_not_found`."""
        found = await session.scalar(
            select(ChallengeVersion).where(
                ChallengeVersion.challenge_id == challenge_id, ChallengeVersion.number == number
            )
        )
        if found is None:
            raise NotFound("version_not_found", "That challenge has no such version.")
        return found

    async def current(self, session: AsyncSession, challenge_id: str) -> ChallengeVersion | None:
        """The current version of a challenge; None where the platform has none."""
        return await session.scalar(
            select(ChallengeVersion)
            .join(
                StoredChallenge,
                (StoredChallenge.id == ChallengeVersion.challenge_id)
                & (StoredChallenge.digest == ChallengeVersion.digest),
            )
            .where(StoredChallenge.id == challenge_id)
        )

    async def files(self, version: ChallengeVersion) -> Path:
        """The folder of a version, to read. Raises OSError."""
        challenge = await self.of(version.challenge_id, version.digest)
        if challenge is None or challenge.digest != version.digest:
            raise FileNotFoundError(f"version {version.number} is not there")
        return challenge.path

    async def _archive(self, challenge: Challenge) -> int:
        """Put the archive of a version into the store; its size in bytes. Raises OSError."""
        with tempfile.TemporaryFile() as file:
            await asyncio.to_thread(_pack, challenge, file)
            size = os.fstat(file.fileno()).st_size
            await self._store.put(_archive_path(challenge.id, challenge.digest), file)
        return size

    async def archived(self, challenge_id: str, digest: str) -> tuple[str, int]:
        """Where the store has the archive of a version, and its size in bytes. Raises OSError."""
        path = _archive_path(challenge_id, digest)
        for each in (path, f"challenges/{digest}.tar.gz"):  # the latter: where it once was written
            size = await self._store.size(each)
            if size is not None:
                return each, size
        raise FileNotFoundError(f"{path}: no such file in the store")

    @staticmethod
    def _tell(session: AsyncSession, version: ChallengeVersion, user_id: str | None) -> None:
        event = ChallengeVersionSet(
            challenge_id=version.challenge_id, version=version.number, origin=version.origin
        )
        emit(session, event, actor_id=user_id or "")
        emit(session, ChallengesRescanned())

    @staticmethod
    async def _add_versions(
        session: AsyncSession, challenges: Iterable[Challenge], origin: str, user_id: str | None
    ) -> None:
        """Write down versions that are new, each with the next number of its challenge."""
        wanted = {(challenge.id, challenge.digest): challenge for challenge in challenges}
        if not wanted:
            return
        named = [id_ for id_, _ in wanted]
        last = select(ChallengeVersion.challenge_id, func.max(ChallengeVersion.number)).where(
            ChallengeVersion.challenge_id.in_(named)
        )
        numbers = {
            row[0]: row[1]
            for row in await session.execute(last.group_by(ChallengeVersion.challenge_id))
        }
        there = select(ChallengeVersion.challenge_id, ChallengeVersion.digest).where(
            tuple_(ChallengeVersion.challenge_id, ChallengeVersion.digest).in_(list(wanted))
        )
        known = {(row[0], row[1]) for row in await session.execute(there)}
        session.add_all(
            ChallengeVersion(
                challenge_id=challenge.id,
                digest=challenge.digest,
                number=numbers.get(challenge.id, 0) + 1,
                bucket=challenge.bucket,
                origin=origin,
                created_by=user_id,
            )
            for key, challenge in wanted.items()
            if key not in known
        )
        await session.flush()

    @staticmethod
    async def _make_current(
        session: AsyncSession, challenges: list[Challenge], source: str
    ) -> None:
        """Have these versions be the current ones of their challenges."""
        if not challenges:
            return
        moment, of_folder = now(), source == "folder"
        added = insert(StoredChallenge).values(
            [
                {
                    "id": challenge.id,
                    "digest": challenge.digest,
                    "source": source,
                    "folder_digest": challenge.digest if of_folder else "",
                    "changed_at": moment,
                }
                for challenge in challenges
            ]
        )
        names = ["digest", "source", "changed_at", *(["folder_digest"] if of_folder else [])]
        changed = {name: added.excluded[name] for name in names}
        await session.execute(added.on_conflict_do_update(index_elements=["id"], set_=changed))


def _pack(challenge: Challenge, file: BinaryIO) -> None:
    pack(challenge.path, file)
    if replace(challenge).digest != challenge.digest:  # which is computed anew
        raise OSError(f"{challenge.id} was changed since it was looked at: look again")
    file.seek(0)
