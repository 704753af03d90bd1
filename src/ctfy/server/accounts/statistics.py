"""What a person or a team did, counted by day, tag and difficulty."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, DateTime, Select, and_, bindparam, func, select

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.view import Sight, View
from ctfy.server.accounts import profiles
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.models.accounts import (
    CalendarBucket,
    DifficultyStat,
    ProfileStats,
    TagStat,
    TrendPoint,
)
from ctfy.server.tables.submissions import Solve, Submission
from ctfy.server.teams.service import team_not_found, visible_one

Whose = Literal["user_id", "team_id"]


async def trend(database: Database, view: View, user_id: str, days: int) -> list[TrendPoint]:
    """What a person answered on each of the last days. Raises `user_not_found`."""
    values = _values(view, "user_id", user_id, days)
    rows = await database.read(_trend(view.sight), **values)
    if not rows:
        raise profiles.not_found()
    return _points(rows[0].trend, view.moment, days)


async def profile_stats(
    database: Database, view: View, catalogue: Catalogue, whose: Whose, owner_id: str, days: int
) -> ProfileStats:
    """The statistics of a person or a team. Raises `user_not_found`, `team_not_found`."""
    values = _values(view, whose, owner_id, days)
    rows = await database.read(_stats(view.sight, whose), **values)
    if not rows:
        raise profiles.not_found() if whose == "user_id" else team_not_found()
    done = set(rows[0].done)
    tags: Counter[str] = Counter()
    done_tags: Counter[str] = Counter()
    levels: Counter[str] = Counter()
    done_levels: Counter[str] = Counter()
    for challenge in catalogue.challenges.values():
        meta = challenge.metadata
        tags.update(meta.tags)
        levels[meta.difficulty] += 1
        if challenge.id in done:
            done_tags.update(meta.tags)
            done_levels[meta.difficulty] += 1
    return ProfileStats(
        calendar=[
            CalendarBucket(date=day, count=count)
            for day, count in sorted((rows[0].attempts or {}).items())
        ],
        by_tag=[
            TagStat(tag=tag, solved=done_tags[tag], total=total)
            for tag, total in sorted(tags.items())
        ],
        by_difficulty=[
            DifficultyStat(difficulty=level, solved=done_levels[level], total=levels[level])
            for level in ("easy", "medium", "hard")
        ],
        solve_trend=_points(rows[0].trend, view.moment, days),
    )


def _values(view: View, whose: Whose, owner_id: str, days: int) -> dict[str, Any]:
    return view.values | {whose: owner_id, "since": view.moment - timedelta(days=days)}


@functools.cache
def _trend(sight: Sight) -> Statement:
    return Statement(_owner(sight, "user_id").add_columns(_solves_by_day(sight, "user_id")))


@functools.cache
def _stats(sight: Sight, whose: Whose) -> Statement:
    """One row, none where the caller may not know of whose it is."""
    moment = Submission.submitted_at
    known = sight.answers(Submission.team_id, Submission.competition_id, moment)
    attempts = _by_day(moment, and_(getattr(Submission, whose) == bindparam(whose), known))
    done = select(Solve.challenge_id).where(_solved(sight, whose)).distinct()
    return Statement(
        _owner(sight, whose).add_columns(
            attempts.label("attempts"),
            func.array(done.scalar_subquery()).label("done"),
            _solves_by_day(sight, whose),
        )
    )


def _owner(sight: Sight, whose: Whose) -> Select[Any]:
    """The person or team that it is about, as far as the caller may know of them."""
    return profiles.PRESENT if whose == "user_id" else visible_one(sight)


def _solved(sight: Sight, whose: Whose) -> ColumnElement[bool]:
    known = sight.answers(Solve.team_id, Solve.competition_id, Solve.solved_at)
    return and_(getattr(Solve, whose) == bindparam(whose), known)


def _solves_by_day(sight: Sight, whose: Whose) -> ColumnElement[Any]:
    return _by_day(Solve.solved_at, _solved(sight, whose)).label("trend")


def _by_day(moment: Any, whose: ColumnElement[bool]) -> ColumnElement[Any]:
    """How often something was done, by its day; null where never."""
    day = func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD").label("day")
    counted = (
        select(day, func.count().label("times"))
        .where(whose, moment > bindparam("since", type_=DateTime(timezone=True)))
        .group_by(day)
        .subquery()
    )
    return select(func.json_object_agg(counted.c.day, counted.c.times)).scalar_subquery()


def _points(counted: Mapping[str, int] | None, moment: datetime, days: int) -> list[TrendPoint]:
    solves = counted or {}
    return [
        TrendPoint(date=day.date, solves=solves[day.date]) if day.date in solves else day
        for day in _idle(moment.date(), days)
    ]


@functools.lru_cache(maxsize=16)
def _idle(last: date, days: int) -> list[TrendPoint]:
    """Days without a solve, `last` the last of them: nearly all, and the same for everybody."""
    past = (last - timedelta(days=ago) for ago in range(days - 1, -1, -1))
    return [TrendPoint(date=day.isoformat(), solves=0) for day in past]
