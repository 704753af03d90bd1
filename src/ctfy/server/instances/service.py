"""Instances as their team asks for them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.core.enums import InstanceStatus
from ctfy.core.errors import Conflict, Forbidden, Invalid, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.access.secrets import Secret
from ctfy.server.access.view import ME, Sight, View
from ctfy.server.challenges.service import attachment_infos
from ctfy.server.challenges.visibility import get_challenge, require_unlocked
from ctfy.server.competitions.challenges import offered
from ctfy.server.competitions.service import in_phase, require_running
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement, containing, one_of, texts
from ctfy.server.events.types import Event
from ctfy.server.instances.answers import digest, instance_answers
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.instances import (
    AttackSurface,
    InstanceInfo,
    InstanceQuestionInfo,
    InstanceStatusResponse,
    StartRequest,
)
from ctfy.server.scheduling import lifecycle
from ctfy.server.scheduling.events import (
    InstanceError,
    InstanceReady,
    InstanceRenewed,
    InstanceStarted,
    InstanceStopped,
)
from ctfy.server.scheduling.placement import place, queue, shortage, waiting_for
from ctfy.server.settings import Settings
from ctfy.server.tables.competitions import PAUSED, Competition, CompetitionChallenge
from ctfy.server.tables.instances import ALIVE, ON_NODE, Instance, State
from ctfy.server.tables.submissions import (
    AnswerDigest,
    QuestionAttempts,
    Solve,
)
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.teams.carried import counts_against
from ctfy.server.teams.service import require_team

WIRE_STATUS = {
    State.REQUESTED: InstanceStatus.STARTING,
    State.STARTING: InstanceStatus.STARTING,
    State.READY: InstanceStatus.READY,
    State.STOPPING: InstanceStatus.STOPPED,
    State.STOPPED: InstanceStatus.STOPPED,
    State.ERROR: InstanceStatus.ERROR,
}
STOP_WAIT_S = 30.0  # a stop that takes longer goes on behind the scenes
STARTED: frozenset[type[Event]] = frozenset({InstanceReady, InstanceError, InstanceStopped})
STOPPED: frozenset[type[Event]] = frozenset({InstanceStopped, InstanceError})


async def start(
    database: Database,
    session: AsyncSession,
    settings: Settings,
    catalogue: Catalogue,
    jobs: Jobs,
    secret: Secret,
    caller: Caller,
    body: StartRequest,
) -> Instance:
    """Request an instance for the caller's team. It starts, or waits for a node."""
    challenge = get_challenge(catalogue, body.challenge_id)
    if challenge.is_qa_only:
        raise Invalid(
            "challenge_has_no_instance",
            "This challenge has no instance: it is answered without one.",
        )
    if challenge.id in settings.disabled_challenges:
        raise Conflict(
            "challenge_disabled",
            "This challenge is switched off for now.",
            challenge_id=challenge.id,
        )
    competition_id = body.competition_id or await infer_competition(database, caller, challenge.id)
    row = await require_team(database, caller, competition_id)
    competition = Competition.of(row)
    require_running(competition)  # first: until it starts, nothing tells what is in it
    offer = await offered(database, caller, competition_id, challenge.id)
    life = lifetime(settings, challenge, offer.lifetime_s)
    ttl = life.checked(body.ttl, ["body", "ttl"])
    await require_unlocked(database, row.team_id, challenge, row.challenge_ids)
    await _check_team_cap(session, settings, competition, row.team_id)
    moment = now()
    instance = Instance(
        id=new_id(),
        competition_id=competition_id,
        team_id=row.team_id,
        user_id=caller.user_id,
        challenge_id=challenge.id,
        challenge_digest=challenge.digest,
        state=State.REQUESTED,
        ttl=ttl,
        requested_at=moment,
        expires_at=moment + timedelta(seconds=ttl),
        node_labels=challenge.metadata.node_labels,
        memory_mb=challenge.wanted.memory_mb,
        cpus=challenge.wanted.cpus,
        asks=challenge.wanted.asks,
    )
    if lack := await shortage(session, instance):
        raise Conflict("challenge_too_large", f"This challenge cannot run here: it {lack}.")
    session.add(instance)
    await session.flush()
    session.add_all(
        AnswerDigest(
            digest=digest(secret, answer),
            instance_id=instance.id,
            team_id=row.team_id,
            question_id=question_id,
        )
        for question_id, answer in instance_answers(secret, instance.id, challenge).items()
    )
    await lifecycle.emit_for_instance(session, InstanceStarted, instance)
    await place(session, jobs)
    return instance


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long an instance lives, seconds: unless asked, and at most."""

    default: int
    most: int

    def checked(self, ttl: int | None, location: list[str | int]) -> int:
        """The TTL to use. Raises 422 beyond the most."""
        if ttl is None:
            return self.default
        if not 1 <= ttl <= self.most:
            raise field_error(location, f"must be from 1 to {self.most} seconds")
        return ttl


def lifetime(settings: Settings, challenge: Challenge | None, offered_s: int | None) -> Lifetime:
    """What the competition says, or else the challenge; never beyond what the platform allows.

    Whoever says so says both; where they are silent, it is the platform's.
    """
    said = offered_s or (challenge.metadata.limits.lifetime_s if challenge else None)
    most = min(settings.max_instance_ttl_s, said or settings.max_instance_ttl_s)
    return Lifetime(most if said else min(settings.default_instance_ttl_s, most), most)


@functools.cache
def _played(sight: Sight) -> Statement:
    """The running competitions with a challenge that the caller plays in."""
    its_challenge = and_(
        CompetitionChallenge.competition_id == TeamMember.competition_id,
        CompetitionChallenge.challenge_id == bindparam("challenge_id"),
        CompetitionChallenge.state == "visible",
    )
    return Statement(
        in_phase(sight, "running")
        .join(CompetitionChallenge, its_challenge)
        .where(TeamMember.team_id.is_not(None))
    )


async def infer_competition(database: Database, caller: Caller, challenge_id: str) -> str:
    """The one running competition with that challenge that the caller plays in.

    Raises `not_registered` when there is none, `competition_scope_required` when there are several.
    """
    view = View(caller)
    rows = await database.read(_played(view.sight), challenge_id=challenge_id, **view.values)
    if len(rows) == 1:
        competition_id: str = rows[0].id
        return competition_id
    if not rows:
        raise Forbidden("not_registered", "You play in no running competition with this challenge.")
    raise Invalid(
        "competition_scope_required",
        "You play in several competitions with this challenge: name one as `competition_id`.",
        choices=[{"id": row.id, "title": row.title} for row in rows],
    )


async def _check_team_cap(
    session: AsyncSession, settings: Settings, competition: Competition, team_id: str
) -> None:
    cap = competition.max_instances_per_team or settings.max_instances_per_team
    # The team's row lock makes two requests at once count one after the other.
    await session.execute(select(Team.id).where(Team.id == team_id).with_for_update(key_share=True))
    running = await session.scalar(
        select(func.count()).where(
            Instance.team_id == team_id, Instance.state.in_((State.REQUESTED, *ON_NODE))
        )
    )
    if (running or 0) >= cap:
        raise Conflict(
            "capacity_exceeded",
            f"Your team runs {running} instances, the most it may. Stop one first.",
            cap=cap,
        )


def everybodys() -> Select[Any]:
    """All instances, newest first, with all that their views show."""
    waiting = queue()
    solved = (
        select(func.coalesce(func.jsonb_agg(Solve.question_id), func.jsonb_build_array()))
        .where(Solve.team_id == Instance.team_id, Solve.challenge_id == Instance.challenge_id)
        .scalar_subquery()
    )
    counted = (
        select(QuestionAttempts.question_id, func.sum(QuestionAttempts.wrong).label("wrong"))
        .where(
            counts_against(Instance.team_id),
            QuestionAttempts.challenge_id == Instance.challenge_id,
        )
        .group_by(QuestionAttempts.question_id)
        .correlate(Instance)
        .subquery()
    )
    wrong = select(
        func.coalesce(
            func.jsonb_object_agg(counted.c.question_id, counted.c.wrong),
            func.jsonb_build_object(),
        )
    ).scalar_subquery()
    return (
        select(
            Instance,
            solved.label("solved"),
            wrong.label("wrong"),
            func.coalesce(waiting.c.place, 0).label("queue_position"),
            waiting_for().label("waiting_for"),
            CompetitionChallenge.max_attempts,
        )
        .outerjoin(waiting, waiting.c.id == Instance.id)
        .outerjoin(
            CompetitionChallenge,
            (CompetitionChallenge.competition_id == Instance.competition_id)
            & (CompetitionChallenge.challenge_id == Instance.challenge_id),
        )
        .order_by(Instance.requested_at.desc(), Instance.id)
    )


@functools.cache
def owned(sight: Sight) -> Select[Any]:
    """Those of the caller's teams; it needs `View.values`."""
    its_member = and_(TeamMember.team_id == Instance.team_id, TeamMember.user_id == ME)
    query = everybodys().join(TeamMember, its_member)
    return query.where(sight.reaches(Instance.competition_id))


@functools.cache
def _one_owned(sight: Sight) -> Statement:
    return Statement(owned(sight).where(Instance.id == bindparam("instance_id")))


async def get_owned(
    session: AsyncSession, caller: Caller, instance_id: str, competition_id: str = ""
) -> Row[Any]:
    """One instance of the caller's teams. Raises `instance_not_found` for any other."""
    view = View(caller)
    values = view.values | {"instance_id": instance_id}
    found = await session.execute(_one_owned(view.sight).clause, values)
    row: Row[Any] | None = found.one_or_none()
    if row is None or competition_id not in ("", row.Instance.competition_id):
        raise _missing()
    return row


async def read_owned(
    database: Database, caller: Caller, instance_id: str, competition_id: str = ""
) -> Any:
    """The same outside of a transaction: a row with the instance's own columns."""
    view = View(caller)
    rows = await database.read(_one_owned(view.sight), instance_id=instance_id, **view.values)
    if not rows or competition_id not in ("", rows[0].competition_id):
        raise _missing()
    return rows[0]


def _missing() -> NotFound:
    return NotFound("instance_not_found", "Your teams have no such instance.")


def filter_values(
    catalogue: Catalogue, *, status: str = "", text: str = "", **columns: str
) -> dict[str, Any]:
    """What a list of instances is narrowed to, for `listed`; empty values narrow nothing.

    `columns`: a column's own value. Raises 422 on a status that there is not.
    """
    values: dict[str, Any] = {name: value for name, value in columns.items() if value}
    if status:
        values["states"] = [state for state, wire in WIRE_STATUS.items() if wire == status]
        if not values["states"]:
            known = ", ".join(sorted(set(WIRE_STATUS.values())))
            raise field_error(["query", "status"], f"use one of: {known}")
    if text:
        values["begins"] = containing(text).removeprefix("%")
        values["named"] = [
            c.id
            for c in catalogue.challenges.values()
            if text.casefold() in f"{c.id}\n{c.metadata.name}".casefold()
        ]
    return values


@functools.cache
def listed(sight: Sight | None, narrowed: frozenset[str]) -> Listing:
    """The instances of the caller's teams, or everybody's; `narrowed`: by which values."""
    query = owned(sight) if sight else everybodys()
    for name in sorted(narrowed - {"states", "begins", "named"}):
        query = query.where(getattr(Instance, name) == bindparam(name))
    if "states" in narrowed:
        query = query.where(one_of(Instance.state, texts("states")))
    if "begins" in narrowed:
        begins = Instance.id.like(bindparam("begins"), escape="/")
        query = query.where(begins | one_of(Instance.challenge_id, texts("named")))
    return Listing(query)


def surface_of(instance: Any) -> AttackSurface | None:
    """The attack surface while the instance is ready."""
    if instance.state != State.READY or instance.surface is None:
        return None
    return AttackSurface.model_validate(instance.surface)


def instance_info(
    instance: Any, row: Any, settings: Settings, catalogue: Catalogue
) -> InstanceInfo:
    """An instance and its row of `everybodys` on the wire."""
    challenge = catalogue.get(instance.challenge_id)
    meta = challenge.metadata if challenge else None
    surface = surface_of(instance)
    return InstanceInfo(
        id=instance.id,
        challenge_id=instance.challenge_id,
        team_id=instance.team_id,
        competition_id=instance.competition_id,
        node_id=instance.node_id or "",
        name=meta.name if meta else instance.challenge_id,
        category=meta.category if meta else None,
        difficulty=meta.difficulty if meta else "",
        status=WIRE_STATUS[State(instance.state)],
        started_at=instance.requested_at.timestamp(),
        ttl=instance.ttl,
        expires_at=instance.expires_at.timestamp(),
        services=surface.services if surface else [],
        description=meta.description if meta else "",
        questions=_questions(challenge, row, settings) if challenge else [],
        attachments=surface.provided_files
        if surface
        else attachment_infos(challenge)
        if challenge
        else [],
        network_topology=meta.network_topology if meta else "simple",
        vpn_endpoint=surface.vpn if surface else None,
        entry_urls=meta.entry_urls if meta else [],
        queue_position=row.queue_position,
        waiting_for=row.waiting_for,
        error=instance.error,
        stop_reason=instance.stop_reason,
    )


def _questions(challenge: Challenge, row: Any, settings: Settings) -> list[InstanceQuestionInfo]:
    result = []
    for question in challenge.metadata.questions:
        cap = row.max_attempts or question.cap(settings.question_attempt_caps)
        remaining = None if cap is None else max(0, cap - row.wrong.get(question.id, 0))
        result.append(
            InstanceQuestionInfo(
                id=question.id,
                prompt=question.prompt,
                mode=question.mode,
                choices=question.options,
                requires=question.requires,
                unlocked=all(required in row.solved for required in question.requires),
                answered_correctly=question.id in row.solved,
                attempts_remaining=remaining,
                attempts_cap=cap,
                input=question.input,
            )
        )
    return result


def status_response(instance: Any) -> InstanceStatusResponse:
    """A row of `read_owned` as clients poll it."""
    return InstanceStatusResponse(
        id=instance.id,
        status=WIRE_STATUS[State(instance.state)],
        attack_surface=surface_of(instance),
        error=instance.error,
        queue_position=instance.queue_position,
        waiting_for=instance.waiting_for,
        stop_reason=instance.stop_reason,
    )


async def renew(
    session: AsyncSession,
    settings: Settings,
    catalogue: Catalogue,
    instance: Any,
    ttl: int | None,
) -> float:
    """Let an instance live `ttl` seconds from now; the new expiry, Unix seconds.

    Without a `ttl` it is what it was started with. Its whole life never passes the ceiling.
    """
    offer = await session.get(
        CompetitionChallenge, (instance.competition_id, instance.challenge_id)
    )
    challenge = catalogue.get(instance.challenge_id)
    life = lifetime(settings, challenge, offer.lifetime_s if offer else None)
    seconds = instance.ttl if ttl is None else life.checked(ttl, ["query", "ttl"])
    competition = await session.get_one(Competition, instance.competition_id)
    moment = competition.time_at(now())  # the rest of a pause is made up for when it ends
    # A pause that was made up for lets it live beyond.
    ceiling = max(instance.requested_at + timedelta(seconds=life.most), instance.expires_at)
    expires_at: datetime = min(moment + timedelta(seconds=seconds), ceiling)
    renewed = await session.scalar(
        update(Instance)
        .where(
            Instance.id == instance.id,
            Instance.state.in_(ALIVE),
            or_(Instance.expires_at > moment, Instance.competition_id.in_(PAUSED)),
        )
        .values(expires_at=expires_at)
        .returning(Instance)
    )
    if renewed is None:
        raise Conflict(
            "instance_not_running",
            "This instance is over. Start a new one.",
            stop_reason=instance.stop_reason,
        )
    await lifecycle.emit_for_instance(session, InstanceRenewed, renewed, ttl=seconds)
    return expires_at.timestamp()


async def stop_all(session: AsyncSession, jobs: Jobs, actor_id: str = "") -> list[str]:
    """Stop every live instance; their ids."""
    ids = (await session.scalars(select(Instance.id).where(Instance.state.in_(ALIVE)))).all()
    for instance_id in ids:
        await lifecycle.request_stop(
            session, jobs, instance_id, "admin_stop_all", actor_id=actor_id
        )
    return list(ids)
