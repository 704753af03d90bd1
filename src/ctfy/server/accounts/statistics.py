"""What a person or a team did, counted by day, tag and difficulty."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.view import View
from ctfy.server.database.base import now
from ctfy.server.models.accounts import (
    CalendarBucket,
    DifficultyStat,
    ProfileStats,
    TagStat,
    TrendPoint,
)
from ctfy.server.tables.submissions import Solve, Submission


async def trend(session: AsyncSession, view: View, whose: Any, days: int) -> list[TrendPoint]:
    """The answered questions of each of the last days; `whose` is a condition on solves."""
    counted = await _by_day(session, Solve.solved_at, whose & _known_solves(view), days)
    return [TrendPoint(date=day, solves=counted[day]) for day in _days(days)]


def _known_solves(view: View) -> Any:
    return view.bind(view.sight.deeds(Solve.team_id, Solve.competition_id, Solve.solved_at))


async def profile_stats(
    session: AsyncSession, view: View, catalogue: Catalogue, *, tried: Any, solved: Any, days: int
) -> ProfileStats:
    """The statistics of whoever the two conditions, on submissions and solves, name."""
    moment = Submission.submitted_at
    known = view.bind(view.sight.deeds(Submission.team_id, Submission.competition_id, moment))
    attempts = await _by_day(session, moment, tried & known, days)
    whole = select(Solve.challenge_id).where(solved, _known_solves(view)).distinct()
    done = set(await session.scalars(whole))
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
        calendar=[CalendarBucket(date=d, count=c) for d, c in sorted(attempts.items())],
        by_tag=[
            TagStat(tag=tag, solved=done_tags[tag], total=total)
            for tag, total in sorted(tags.items())
        ],
        by_difficulty=[
            DifficultyStat(difficulty=level, solved=done_levels[level], total=levels[level])
            for level in ("easy", "medium", "hard")
        ],
        solve_trend=await trend(session, view, solved, days),
    )


async def _by_day(session: AsyncSession, moment: Any, whose: Any, days: int) -> Counter[str]:
    day = func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD").label("day")
    rows = await session.execute(
        select(day, func.count().label("times"))
        .where(whose, moment > now() - timedelta(days=days))
        .group_by(day)
    )
    return Counter({row.day: row.times for row in rows})


def _days(days: int) -> list[str]:
    today = now().date()
    return [(today - timedelta(days=ago)).isoformat() for ago in range(days - 1, -1, -1)]
