"""Making and changing competitions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Conflict, Invalid, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.access.view import View, audience_of_changes, counting
from ctfy.server.competitions.events import (
    CompetitionCreated,
    CompetitionDeleted,
    CompetitionEvent,
    CompetitionUpdated,
)
from ctfy.server.database.base import new_id, now
from ctfy.server.events.outbox import emit
from ctfy.server.fields.service import copy as copy_fields
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.competitions import CompetitionCreate, CompetitionUpdate
from ctfy.server.site import images
from ctfy.server.tables.competitions import Competition, CompetitionChallenge
from ctfy.server.tables.events import OutboxEvent
from ctfy.server.tables.instances import ON_NODE, Instance
from ctfy.server.tables.nodes import Node
from ctfy.server.tables.records import InstanceRecord
from ctfy.server.tables.submissions import ChallengeSolve, Solve, Submission
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.tables.writeups import Writeup, folder_of_writeup


def _check(catalogue: Catalogue, fields: dict[str, Any]) -> None:
    """Raise 422 on what no competition can be: times without zone or out of order, unknown ids."""
    for name in _TIMES:
        value = fields.get(name)
        if value is not None and value.tzinfo is None:
            raise field_error(["body", name], "needs a time zone, as in 2026-01-31T12:00:00Z")
    for first, last in (
        ("starts_at", "ends_at"),
        ("registration_opens_at", "registration_closes_at"),
        ("starts_at", "freezes_at"),
        ("starts_at", "writeups_until"),
    ):
        start, end = fields.get(first), fields.get(last)
        if start and end and end <= start:
            raise field_error(["body", last], f"must be later than `{first}`")
    ids = fields.get("challenge_ids") or []
    if unknown := catalogue.unknown(ids):
        raise _no_such_challenges(unknown)
    if len(set(ids)) != len(ids):
        raise field_error(["body", "challenge_ids"], "names a challenge twice")
    brackets = fields.get("brackets") or []
    if len(set(brackets)) != len(brackets):
        raise field_error(["body", "brackets"], "names a bracket twice")


def _no_such_challenges(ids: list[str]) -> Invalid:
    return field_error(["body", "challenge_ids"], f"no such challenges: {', '.join(ids)}")


_TIMES = (
    "starts_at",
    "ends_at",
    "registration_opens_at",
    "registration_closes_at",
    "freezes_at",
    "writeups_until",
)


async def create(
    session: AsyncSession,
    catalogue: Catalogue,
    caller_id: str,
    body: CompetitionCreate,
    *,
    competition_id: str = "",
) -> str:
    """A new competition; its id.

    Raises 422 on unknown challenges and on an end before the start.
    """
    fields = body.model_dump()
    _check(catalogue, fields)
    challenge_ids = fields.pop("challenge_ids")
    competition = Competition(id=competition_id or new_id(), created_by=caller_id, **fields)
    session.add(competition)
    await session.flush()
    session.add_all(_offer(competition.id, id_, at) for at, id_ in enumerate(challenge_ids))
    emit_for_competition(session, CompetitionCreated, competition, caller_id)
    return competition.id


async def update(
    session: AsyncSession,
    catalogue: Catalogue,
    caller: Caller,
    competition_id: str,
    body: CompetitionUpdate,
) -> None:
    """Change a competition. Raises 404, and 422 like `create`.

    A challenge taken out keeps its solves for when it comes back. Its own administrators add those
    that they see or that it had; for them there are no others.
    """
    competition = await session.scalar(
        select(Competition).where(Competition.id == competition_id).with_for_update(key_share=True)
    )
    if competition is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    fields = body.model_dump(exclude_unset=True)
    for name in fields.keys() - _OPTIONAL:
        if fields[name] is None:
            raise field_error(["body", name], "cannot be null; leave it out to keep it")
    whole = {column.name: getattr(competition, column.name) for column in Competition.__table__.c}
    _check(catalogue, {**whole, **fields})
    challenge_ids = fields.pop("challenge_ids", None)
    before = {name: whole[name] for name in fields}
    after = dict(fields)
    for name, value in fields.items():
        setattr(competition, name, value)
    competition.updated_at = now()
    if challenge_ids is not None:
        before["challenge_ids"] = await _challenge_ids(session, competition_id)
        after["challenge_ids"] = challenge_ids
        added = set(challenge_ids) - set(before["challenge_ids"])
        if added and not caller.is_admin:
            added -= await _seen_by(session, caller) | await _had(session, competition_id)
            if added:
                raise _no_such_challenges(sorted(added))
        await _replace_challenges(session, competition_id, challenge_ids)
    emit_for_competition(
        session,
        CompetitionUpdated,
        competition,
        caller.user_id,
        changed=sorted(after),
        before=before,
        after=after,
    )


async def remove(
    session: AsyncSession, jobs: Jobs, caller_id: str, competition_id: str, *, force: bool
) -> None:
    """Delete a competition with its teams and what they did; its instances end.

    Raises `competition_not_found`, and `competition_has_solves` unless `force`.
    """
    competition = await session.scalar(
        select(Competition).where(Competition.id == competition_id).with_for_update()
    )
    if competition is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    counted: dict[str, Any] = {
        name: await session.scalar(
            select(func.count()).select_from(table).where(table.competition_id == competition_id)
        )
        for name, table in (("teams", Team), ("submissions", Submission), ("solves", Solve))
    }
    if counted["solves"] and not force:
        raise Conflict(
            "competition_has_solves",
            f"Teams have solved {counted['solves']} questions here; they would be lost. Archive "
            "the competition, or delete it with force=true.",
            **counted,
        )
    folders = await session.scalars(
        select(InstanceRecord.artifact_dir)
        .join(Instance, Instance.id == InstanceRecord.instance_id)
        .where(Instance.competition_id == competition_id, InstanceRecord.pruned_at.is_(None))
    )
    papers = await session.scalars(
        select(Writeup.file_id).where(Writeup.competition_id == competition_id)
    )
    logos = await session.scalars(
        select(Team.logo_url).where(Team.competition_id == competition_id)
    )
    pictures = await images.forget(session, logos.all())
    on_nodes = await session.execute(
        select(Instance.id, Node.id.label("node_id"), Node.url)
        .join(Node, Node.id == Instance.node_id)
        .where(Instance.competition_id == competition_id, Instance.state.in_(ON_NODE))
    )
    # Files and containers are no rows: a job clears them away, once the rows are gone.
    await jobs.defer(
        session,
        "clear_away",
        folders=[
            *folders,
            *(folder_of_writeup(file_id) for file_id in papers if file_id),
            *map(images.folder_of, pictures),
        ],
        instances=[[row.id, row.node_id, row.url] for row in on_nodes],
    )
    emit_for_competition(session, CompetitionDeleted, competition, caller_id, before=counted)
    await session.flush()
    await session.execute(delete(Competition).where(Competition.id == competition_id))


async def clone(session: AsyncSession, caller_id: str, competition_id: str, title: str) -> str:
    """A draft with the same rules and challenges, without times and teams; its id.

    Raises `competition_not_found`.
    """
    model = await session.get(Competition, competition_id)
    if model is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    own = {"id", "title", "status", "created_by", "created_at", "updated_at", "paused_at"}
    left_out = {*own, *_TIMES}
    rules = {c.name: getattr(model, c.name) for c in Competition.__table__.c}
    rules = {name: value for name, value in rules.items() if name not in left_out}
    copy = Competition(id=new_id(), title=title, status="draft", created_by=caller_id, **rules)
    session.add(copy)
    await session.flush()
    listed = select(CompetitionChallenge).where(
        CompetitionChallenge.competition_id == competition_id
    )
    for row in await session.scalars(listed):
        kept = {
            column.name: getattr(row, column.name) for column in CompetitionChallenge.__table__.c
        }
        session.add(CompetitionChallenge(**kept | {"competition_id": copy.id} | _NOT_CLONED))
    await copy_fields(session, competition_id, copy.id)
    emit_for_competition(session, CompetitionCreated, copy, caller_id, cloned_from=competition_id)
    return copy.id


def registrations(competition_id: str) -> Select[*tuple[Any, ...]]:
    """The teams of a competition, in the order of their registration."""
    members = select(func.count()).where(TeamMember.team_id == Team.id).correlate(Team)
    solved = (
        select(func.count())
        .select_from(ChallengeSolve)
        .join(Competition, Competition.id == ChallengeSolve.competition_id)
        .where(ChallengeSolve.team_id == Team.id, counting(ChallengeSolve.solved_at))
        .correlate(Team)
    )
    return (
        select(
            Team.id,
            Team.name,
            Team.bracket,
            Team.standing,
            Team.created_at,
            members.scalar_subquery().label("members"),
            solved.scalar_subquery().label("solved"),
        )
        .where(Team.competition_id == competition_id)
        .order_by(Team.created_at, Team.id)
    )


_NOT_CLONED = {"solves": 0, "release_at": None}
_OPTIONAL = frozenset({*_TIMES, "max_team_size", "max_instances_per_team"})


async def _challenge_ids(session: AsyncSession, competition_id: str) -> list[str]:
    """The challenges of a competition in the curator's order."""
    ids = await session.scalars(
        select(CompetitionChallenge.challenge_id)
        .where(CompetitionChallenge.competition_id == competition_id)
        .order_by(CompetitionChallenge.position)
    )
    return list(ids)


async def _seen_by(session: AsyncSession, caller: Caller) -> set[str]:
    """The challenges of the competitions that a caller runs, or sees and that have started."""
    view = View(caller)
    started = or_(Competition.starts_at.is_(None), Competition.starts_at <= view.moment)
    ids = await session.scalars(
        select(CompetitionChallenge.challenge_id)
        .join(Competition, Competition.id == CompetitionChallenge.competition_id)
        .where(
            view.bind(view.sight.competitions()),
            or_(
                started & (CompetitionChallenge.state == "visible"),
                Competition.id.in_(caller.runs),
            ),
        )
    )
    return set(ids)


async def _had(session: AsyncSession, competition_id: str) -> set[str]:
    """The challenges that were taken out of a competition, as far back as the log goes."""
    lists = await session.scalars(
        select(OutboxEvent.audit["before"]["challenge_ids"]).where(
            OutboxEvent.name == CompetitionUpdated.name,
            OutboxEvent.payload["competition_id"].as_string() == competition_id,
        )
    )
    return {id_ for ids in lists for id_ in ids or []}


async def _replace_challenges(
    session: AsyncSession, competition_id: str, challenge_ids: list[str]
) -> None:
    """Those that stay keep their rules there; of those that come the solves are counted."""
    there = await session.scalars(
        select(CompetitionChallenge).where(CompetitionChallenge.competition_id == competition_id)
    )
    rows = {row.challenge_id: row for row in there}
    for challenge_id in rows.keys() - challenge_ids:
        await session.delete(rows[challenge_id])
    counted = await session.execute(
        select(ChallengeSolve.challenge_id, func.count().label("solves"))
        .where(ChallengeSolve.competition_id == competition_id)
        .group_by(ChallengeSolve.challenge_id)
    )
    solves = {row.challenge_id: row.solves for row in counted}
    for position, challenge_id in enumerate(challenge_ids):
        if challenge_id in rows:
            rows[challenge_id].position = position
        else:
            count = solves.get(challenge_id, 0)
            session.add(_offer(competition_id, challenge_id, position, solves=count))


def _offer(
    competition_id: str, challenge_id: str, position: int, *, solves: int = 0
) -> CompetitionChallenge:
    return CompetitionChallenge(
        competition_id=competition_id, challenge_id=challenge_id, position=position, solves=solves
    )


def emit_for_competition(
    session: AsyncSession,
    kind: type[CompetitionEvent],
    competition: Competition,
    actor_id: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    """Tell of a competition whoever may know of it."""
    emit(
        session,
        kind(competition_id=competition.id, competition_title=competition.title, **more),
        audience=audience_of_changes(competition),
        actor_id=actor_id,
        before=before,
        after=after,
    )
