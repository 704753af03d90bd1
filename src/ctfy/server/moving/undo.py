"""Taking back what was moved in: the competition, accounts and folders that came with it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.folders import PathRefused
from ctfy.server.challenges.events import ChallengesRescanned
from ctfy.server.competitions.editing import emit_for_competition
from ctfy.server.competitions.events import CompetitionDeleted
from ctfy.server.database.base import Base
from ctfy.server.database.connections import Database
from ctfy.server.events.outbox import emit
from ctfy.server.moving.challenges import digest_of
from ctfy.server.tables.access import User
from ctfy.server.tables.challenges import StoredChallenge
from ctfy.server.tables.competitions import Competition, CompetitionChallenge, MovedCompetition
from ctfy.server.tables.instances import Instance
from ctfy.server.tables.teams import Team
from ctfy.server.tables.writeups import Writeup


class UndoRefused(Exception):
    """It cannot be taken back; the message says why in one line."""


@dataclass(frozen=True)
class Came:
    """A competition that was moved in."""

    competition_id: str
    title: str
    source: str
    moved_at: datetime
    teams: int

    def row(self) -> dict[str, Any]:
        """The same as JSON."""
        return {**vars(self), "moved_at": self.moved_at.isoformat()}


@dataclass(frozen=True)
class Undone:
    """What was taken back, and what stays since somebody did something with it."""

    title: str
    accounts: int
    accounts_kept: int
    challenges: list[str]
    challenges_kept: list[str]


async def listed(database: Database) -> list[Came]:
    """What was moved in, newest first."""
    teams = select(func.count()).where(Team.competition_id == Competition.id).scalar_subquery()
    async with database.transaction() as session:
        rows = await session.execute(
            select(MovedCompetition, Competition.title, teams)
            .join(Competition, Competition.id == MovedCompetition.competition_id)
            .order_by(MovedCompetition.moved_at.desc(), MovedCompetition.competition_id)
        )
        return [
            Came(moved.competition_id, title, moved.source, moved.moved_at, count)
            for moved, title, count in rows
        ]


async def undo(database: Database, competition_id: str, challenges_dir: Path) -> Undone:
    """Delete the competition with its teams and all that was done in it. Raises UndoRefused.

    The accounts that came with it go, too, if nobody signed in to them or did anything elsewhere
    since, and so do the folders that nobody changed and no other competition has.
    """
    async with database.transaction() as session:
        moved = await session.get(MovedCompetition, competition_id, with_for_update=True)
        if moved is None:
            raise UndoRefused(f"no competition {competition_id} was moved in")
        competition = await session.get_one(Competition, competition_id, with_for_update=True)
        if await session.scalar(select(exists().where(Instance.competition_id == competition_id))):
            raise UndoRefused(
                "teams started instances in it since; end them and delete it by "
                "`ctfy-admin admin competition delete --force`"
            )
        if await session.scalar(select(exists().where(Writeup.competition_id == competition_id))):
            raise UndoRefused(
                "teams handed in write-ups since; delete it by "
                "`ctfy-admin admin competition delete --force`"
            )
        accounts, challenges = moved.account_ids, moved.challenges
        actor_id = competition.created_by
        emit_for_competition(session, CompetitionDeleted, competition, actor_id, before={})
        await session.flush()
        await session.execute(delete(Competition).where(Competition.id == competition_id))
        gone = await _delete_accounts(session, accounts)
        used = set(
            await session.scalars(
                select(CompetitionChallenge.challenge_id).where(
                    CompetitionChallenge.challenge_id.in_(list(challenges))
                )
            )
        )
        stored = await session.scalars(
            select(StoredChallenge).where(StoredChallenge.id.in_(list(challenges)))
        )
        known = {row.id: row for row in stored}
        used |= {id_ for id_, row in known.items() if row.source != "folder"}
        removed = [
            id_
            for id_, digest in sorted(challenges.items())
            if id_ not in used and _is_as_it_came(challenges_dir / id_, digest)
        ]
        for id_ in known.keys() & set(removed):
            await session.delete(known[id_])
        emit(session, ChallengesRescanned(), actor_id=actor_id)
        title = competition.title
    for id_ in removed:
        shutil.rmtree(challenges_dir / id_, ignore_errors=True)
    return Undone(
        title, gone, len(accounts) - gone, removed, sorted(challenges.keys() - set(removed))
    )


def _is_as_it_came(folder: Path, digest: str) -> bool:
    try:
        return folder.is_dir() and not folder.is_symlink() and digest_of(folder) == digest
    except (OSError, PathRefused):
        return False


async def _delete_accounts(session: AsyncSession, ids: list[str]) -> int:
    """Delete accounts to which nothing in any table refers; how many."""
    idle: list[ColumnElement[bool]] = [
        User.id.in_(ids),
        User.role == "user",
        User.last_active_at.is_(None),
    ]
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if any(key.column is User.__table__.c.id for key in column.foreign_keys):
                other = table.alias()
                idle.append(~exists().where(other.c[column.name] == User.id))
    gone = await session.scalars(
        delete(User).where(*idle).returning(User.id).execution_options(synchronize_session=False)
    )
    return len(gone.all())
