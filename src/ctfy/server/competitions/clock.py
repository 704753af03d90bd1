"""A competition's clock: stopped for everybody, set going again, and its end put off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import audience_of
from ctfy.server.competitions.events import (
    ClockEvent,
    CompetitionExtended,
    CompetitionPaused,
    CompetitionResumed,
)
from ctfy.server.database.base import now
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.scheduling.placement import place
from ctfy.server.tables.competitions import Competition, CompetitionChallenge
from ctfy.server.tables.instances import ALIVE, Instance

_AHEAD = ("ends_at", "freezes_at", "writeups_until")  # what is put off where it is still to come


async def pause(session: AsyncSession, caller: Caller, competition_id: str) -> None:
    """Stop the clock for everybody: nothing starts, and no answer is taken.

    Raises `competition_not_found`, `competition_not_running`, `competition_paused`.
    """
    competition = await _locked(session, competition_id)
    moment = now()
    if competition.paused_at is not None:
        raise Conflict("competition_paused", "This competition is paused already.")
    if competition.status != "published" or competition.phase_at(moment) != "running":
        raise Conflict("competition_not_running", "Only a competition that runs can be paused.")
    competition.paused_at = moment
    _tell(session, CompetitionPaused, competition, caller, {"paused_at": None})


async def resume(session: AsyncSession, jobs: Jobs, caller: Caller, competition_id: str) -> None:
    """Let the clock go on from where it stood; what was to come does so that much later.

    Raises `competition_not_found`, `competition_not_paused`.
    """
    competition = await _locked(session, competition_id)
    paused_at = competition.paused_at
    if paused_at is None:
        raise Conflict("competition_not_paused", "This competition is not paused.")
    length = now() - paused_at
    before = _put_off(competition, length, paused_at) | {"paused_at": paused_at}
    competition.paused_at = None
    offers, instances = CompetitionChallenge, Instance
    await session.execute(
        update(offers)
        .where(offers.competition_id == competition_id, offers.release_at > paused_at)
        .values(release_at=offers.release_at + length)
    )
    await session.execute(
        update(instances)
        .where(instances.competition_id == competition_id, instances.state.in_(ALIVE))
        .values(expires_at=instances.expires_at + length)
    )
    _tell(session, CompetitionResumed, competition, caller, before)
    await place(session, jobs)  # what waited for a node may go on


async def extend(session: AsyncSession, caller: Caller, competition_id: str, minutes: int) -> None:
    """Put the end off, and with it a freeze and a deadline of write-ups still to come.

    Raises `competition_not_found`, `competition_endless`, `competition_ended`.
    """
    competition = await _locked(session, competition_id)
    moment = now()
    if competition.ends_at is None:
        raise Conflict("competition_endless", "This competition has no end that could be put off.")
    if competition.phase_at(moment) == "past":
        raise Conflict("competition_ended", "This competition is over. Give it a new end instead.")
    before = _put_off(competition, timedelta(minutes=minutes), competition.time_at(moment))
    _tell(session, CompetitionExtended, competition, caller, before, minutes=minutes)


async def _locked(session: AsyncSession, competition_id: str) -> Competition:
    competition: Competition | None = await session.scalar(
        select(Competition).where(Competition.id == competition_id).with_for_update(key_share=True)
    )
    if competition is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    return competition


def _put_off(
    competition: Competition, length: timedelta, after: datetime
) -> dict[str, datetime | None]:
    """Put off what is to come after a moment; what it was before."""
    ahead = {name: getattr(competition, name) for name in _AHEAD}
    before = {name: at for name, at in ahead.items() if at is not None and at > after}
    for name, at in before.items():
        setattr(competition, name, at + length)
    return before


def _tell(
    session: AsyncSession,
    kind: type[ClockEvent],
    competition: Competition,
    caller: Caller,
    before: dict[str, Any],
    **more: Any,
) -> None:
    """Tell whoever takes part; the log has what was put off."""
    competition.updated_at = now()
    event = kind(
        competition_id=competition.id,
        competition_title=competition.title,
        ends_at_ts=competition.ends_at.timestamp() if competition.ends_at else None,
        **more,
    )
    after = {name: getattr(competition, name) for name in before}
    audience = audience_of(competition)
    emit(session, event, audience=audience, actor_id=caller.user_id, before=before, after=after)
