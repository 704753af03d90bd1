"""A competition of another platform comes in, in one transaction; its challenges become folders."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.folders import printable
from ctfy.challenge.importers.again import appear
from ctfy.challenge.importers.draft import Outcome, Report
from ctfy.server.challenges.events import ChallengesRescanned
from ctfy.server.competitions.editing import emit_for_competition
from ctfy.server.competitions.events import CompetitionCreated
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.events.outbox import emit
from ctfy.server.models.names import visible
from ctfy.server.moving.challenges import digest_of, settle, taken_in, write
from ctfy.server.moving.people import People, people
from ctfy.server.moving.play import Play, play, solve_counts
from ctfy.server.moving.source import ExportRefused, Key, MovedChallenge, Source
from ctfy.server.standings import board
from ctfy.server.standings.scoring import ranked
from ctfy.server.tables.access import User
from ctfy.server.tables.challenges import HintUnlock, StoredChallenge
from ctfy.server.tables.competitions import Competition, CompetitionChallenge, MovedCompetition
from ctfy.server.tables.standings import Award
from ctfy.server.tables.submissions import ChallengeSolve, QuestionAttempts, Solve, Submission
from ctfy.server.tables.teams import Team, TeamMember

Opened = Callable[[Path], contextlib.AbstractContextManager[Source]]
Tell = Callable[[float, str], None]
_AT_ONCE = 2000  # rows
_MOST_DIFFERENCES = 10
_MOST_OF_A_DESCRIPTION = 10_000
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('ctfy.moved_competitions'))")


@dataclass
class Moved:
    """What became of an export.

    `teams`: how many stand in their standings; None: the file knows none. `differences`: where
    those are others here, in words.
    """

    competition_id: str
    title: str
    dry_run: bool
    fields: list[Outcome] = field(default_factory=list)
    challenges: list[Report] = field(default_factory=list)
    teams: int | None = None
    differences: list[str] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "competition_id": self.competition_id,
            "title": self.title,
            "written": not self.dry_run,
            "standings_equal": None if self.teams is None else not self.differences,
            "standings_teams": self.teams,
            "standings_differences": self.differences,
            "fields": [vars(one) for one in self.fields],
            "challenges": [report.row() for report in self.challenges],
        }


class _OnlyTried(Exception):
    """Takes a dry run's work back."""


async def move(
    database: Database,
    opened: Opened,
    path: Path,
    challenges_dir: Path,
    *,
    dry_run: bool = False,
    tell: Tell = lambda fraction, message: None,
) -> Moved:
    """Bring a platform's file in, whole or not at all; what became of it. Raises ExportRefused.

    `opened` reads a file for as long as it is needed, as each platform's folder brings it. A dry
    run does all of it and takes it back. `tell` hears how far it is, from 0 to 1.
    """
    tell(0.0, "reading the file")
    with (
        _understood(),
        opened(path) as source,
        _placed(challenges_dir) as place,
    ):
        solves = solve_counts(source)
        digest = await asyncio.to_thread(_digest, path)
        title = visible(source.title)[:200].strip() or source.platform
        report = Moved(new_id(), title, dry_run)
        with contextlib.suppress(_OnlyTried):
            async with database.transaction() as session:
                await session.execute(_ONE_AT_A_TIME)
                await _refuse_twice(session, digest)
                with tempfile.TemporaryDirectory(prefix="ctfy-move-") as scratch:
                    moving = _Move(
                        session, source, solves, report, Path(scratch), challenges_dir, tell
                    )
                    await _work(moving, digest)
                    if dry_run:
                        raise _OnlyTried
                    tell(0.95, "putting the challenges in their place")
                    for one in moving.challenges:
                        place(Path(scratch) / "made" / one.draft.id)
        tell(1.0, "done")
        return report


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """Refuse what is not as that platform writes it, wherever it shows. Raises ExportRefused."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        reason = printable(f"{type(error).__name__}: {error}")[:200]
        raise ExportRefused(f"a row is not as that platform writes it: {reason}") from error
    except RecursionError:
        raise ExportRefused("a document in it is nested too deeply") from None


@contextlib.contextmanager
def _placed(target: Path) -> Iterator[Callable[[Path], None]]:
    """Puts folders in their place, and takes them back where the rest fails."""
    done: list[Path] = []

    def place(made: Path) -> None:
        goal = target / made.name
        if os.path.lexists(goal):
            raise ExportRefused(f"{goal} is there already")
        appear(made, goal)
        done.append(goal)

    try:
        yield place
    except BaseException:
        for goal in done:
            shutil.rmtree(goal, ignore_errors=True)
        raise


async def _refuse_twice(session: AsyncSession, digest: str) -> None:
    before = await session.scalar(
        select(MovedCompetition.competition_id).where(MovedCompetition.digest == digest).limit(1)
    )
    if before is not None:
        raise ExportRefused(
            f"it was brought in already, as competition {before}: "
            f"`ctfy-admin import undo {before}` takes it back"
        )


@dataclass
class _Move:
    session: AsyncSession
    source: Source
    solves: Counter[Key | None]
    report: Moved
    scratch: Path
    challenges_dir: Path
    tell: Tell
    challenges: list[MovedChallenge] = field(default_factory=list)


async def _work(moving: _Move, digest: str) -> None:
    session, source, report = moving.session, moving.source, moving.report
    operator_id = await session.scalar(
        select(User.id)
        .where(User.role == "super_admin", User.deleted_at.is_(None))
        .order_by(User.created_at, User.id)
        .limit(1)
    )
    if operator_id is None:
        raise ExportRefused("the platform has no administrator yet: start its server once")
    here = await session.execute(
        select(User.email, User.id, User.email_verified_at).where(User.email.is_not(None))
    )
    known = {row.email: (row.id, row.email_verified_at is not None) for row in here}
    competition = _competition(source, report, operator_id)
    everybody = await asyncio.to_thread(people, source, known, report.competition_id, operator_id)
    competition.brackets = everybody.brackets
    moving.tell(0.1, "writing the challenges")
    pushed = set(await session.scalars(select(StoredChallenge.id)))
    catalogue = await asyncio.to_thread(_write_challenges, moving, competition, pushed)
    moving.tell(0.4, "bringing in people and what they did")
    done = await asyncio.to_thread(
        play, source, everybody, moving.challenges, catalogue, report.competition_id
    )
    report.fields += [*everybody.outcomes, *done.outcomes]
    offered = _offered(moving, done)
    session.add(competition)
    try:
        await session.flush()
        await _insert(moving, everybody, done, offered)
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0] if error.orig else "inconsistent"
        raise ExportRefused(f"its rows do not fit together: {reason}") from None
    moving.tell(0.9, "comparing the standings")
    await _compare(moving, everybody, catalogue)
    session.add(
        MovedCompetition(
            competition_id=report.competition_id,
            source=f"{source.platform} {source.version}".strip(),
            digest=digest,
            moved_at=now(),
            account_ids=[row["id"] for row in everybody.new_users],
            challenges={
                one.draft.id: digest_of(moving.scratch / "made" / one.draft.id)
                for one in moving.challenges
            },
            report={"fields": [vars(one) for one in report.fields]},
        )
    )
    emit_for_competition(session, CompetitionCreated, competition, operator_id, action="import")
    emit(session, ChallengesRescanned(), actor_id=operator_id)
    await session.flush()


def _competition(source: Source, report: Moved, operator_id: str) -> Competition:
    """The competition that their settings describe: a draft, until somebody has looked at it."""
    report.fields += source.said
    say = report.fields.append
    if report.title != source.title.strip() and source.title:
        say(Outcome("the title", "changed", "what could not be shown was left out, or it was long"))
    if len(source.description) > _MOST_OF_A_DESCRIPTION:
        why = f"its first {_MOST_OF_A_DESCRIPTION:,} characters: no more are kept"
        say(Outcome("the description", "changed", why))
    later = {"ends_at": source.ends_at, "freezes_at": source.freezes_at}
    for name, moment in later.items():
        if source.starts_at and moment and moment <= source.starts_at:
            later[name] = None
            say(Outcome(name, "dropped", "it is before the start"))
    say(Outcome("status", "changed", "it is a draft, until you have looked at it"))
    return Competition(
        id=report.competition_id,
        title=report.title,
        description=source.description[:_MOST_OF_A_DESCRIPTION],
        status="draft",
        access=source.access,
        rank_by="points",
        first_blood_bonus=0,
        max_team_size=source.most_on_a_team if source.in_teams else 1,
        max_instances_per_team=source.most_instances,
        scoreboard_visibility=source.scoreboard_visibility,
        practice=source.practice,
        created_by=operator_id,
        created_at=now(),
        updated_at=now(),
        starts_at=source.starts_at,
        **later,
    )


def _write_challenges(moving: _Move, competition: Competition, pushed: set[str]) -> Catalogue:
    """The folders, made and audited aside; one that would not be valid refuses all.

    `pushed`: ids that the platform has beside those of its folder.
    """
    made = moving.scratch / "made"
    made.mkdir()
    moved = moving.source.unpack(moving.scratch / "files")
    is_over = competition.ends_at is not None and competition.ends_at <= now()
    taken = pushed | taken_in(moving.challenges_dir)
    settle(moved, competition.title, taken, moving.solves, is_over=is_over)
    for number, one in enumerate(moved):
        moving.tell(0.1 + 0.3 * number / len(moved), f"writing {one.draft.id}")
        moving.report.challenges.append(write(one, made))
    moving.challenges = moved
    return Catalogue.load(made)


def _offered(moving: _Move, play: Play) -> list[dict[str, Any]]:
    """The challenges as the competition has them: one that was not shown there is not here.

    If teams solved it, that counts still; else it is a draft, as is one that is released later.
    """
    solves = Counter(row["challenge_id"] for row in play.challenge_solves)
    rows = []
    for position, one in enumerate(moving.challenges):
        state, count, release_at = "visible", solves[one.draft.id], None
        if one.is_hidden:
            state = "hidden" if count else "draft"
            why = "what teams solved of it counts" if count else "nobody solved it"
            one.draft.carry("state", f"it is {state} in the competition: {why}")
        elif one.release_at and one.release_at > now() and not count:
            state, release_at = "draft", one.release_at
        rows.append(
            {
                "competition_id": moving.report.competition_id,
                "challenge_id": one.draft.id,
                "position": position,
                "solves": count,
                "state": state,
                "release_at": release_at,
            }
        )
    return rows


async def _insert(moving: _Move, people: People, play: Play, offered: list[dict[str, Any]]) -> None:
    parts: tuple[tuple[Any, list[dict[str, Any]]], ...] = (
        (User, people.new_users),
        (CompetitionChallenge, offered),
        (Team, people.new_teams),
        (TeamMember, people.members),
        (Submission, play.submissions),
        (Solve, play.solves),
        (ChallengeSolve, play.challenge_solves),
        (QuestionAttempts, play.attempts),
        (HintUnlock, play.hint_unlocks),
        (Award, play.awards),
    )
    total = sum(len(rows) for _, rows in parts) or 1
    done = 0
    for part, rows in parts:
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            await moving.session.execute(insert(part), some)
            done += len(some)
            moving.tell(0.4 + 0.5 * done / total, f"{part.__tablename__}: {first + len(some)}")


async def _compare(moving: _Move, people: People, catalogue: Catalogue) -> None:
    """Draw the standings as they are here, and say where theirs are others."""
    report = moving.report
    if moving.source.standings is None:
        return
    drawn = await board.read(moving.session, catalogue, report.competition_id)
    theirs = [(people.teams[team], points) for team, points in moving.source.standings]
    listed = {id_ for id_, _ in theirs}
    entries = ranked(drawn.scores(), "points")
    ours = [(id_, score.points) for _, (_, id_), score in entries if id_ in listed]
    names = {row["id"]: row["name"] for row in people.new_teams}
    report.teams = len(theirs)
    for place in range(max(len(theirs), len(ours))):
        there = theirs[place] if place < len(theirs) else ("", 0)
        here = ours[place] if place < len(ours) else ("", 0)
        if there != here and len(report.differences) < _MOST_DIFFERENCES:
            report.differences.append(
                f"{place + 1}: {names.get(there[0], 'nobody')} with {there[1]} there, "
                f"{names.get(here[0], 'nobody')} with {here[1]} here"
            )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
