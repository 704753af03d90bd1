"""What a competition makes of its challenges: whether they show, and their rules there."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.metadata import Value
from ctfy.core.errors import Conflict, Forbidden, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.competitions.editing import emit_for_competition
from ctfy.server.competitions.events import CompetitionUpdated
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.models.competitions import CompetitionChallengeInfo, CompetitionChallengeUpdate
from ctfy.server.settings import Settings
from ctfy.server.tables.competitions import PAUSED, Competition, CompetitionChallenge


def listed(competition_id: str) -> Select[Any]:
    """The challenges of a competition in the curator's order."""
    return (
        select(CompetitionChallenge)
        .where(CompetitionChallenge.competition_id == competition_id)
        .order_by(CompetitionChallenge.position)
    )


def challenge_info(row: CompetitionChallenge, catalogue: Catalogue) -> CompetitionChallengeInfo:
    """A challenge of a competition on the wire."""
    challenge = catalogue.get(row.challenge_id)
    return CompetitionChallengeInfo(
        challenge_id=row.challenge_id,
        name=challenge.metadata.name if challenge else row.challenge_id,
        position=row.position,
        state=row.state,
        release_at=row.release_at,
        value=row.value,
        max_attempts=row.max_attempts,
        lifetime_s=row.lifetime_s,
        ends_when_solved=row.ends_when_solved,
        solves=row.solves,
    )


async def change(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    competition_id: str,
    challenge_id: str,
    body: CompetitionChallengeUpdate,
) -> CompetitionChallenge:
    """Change what a competition makes of a challenge.

    Raises `competition_not_found`, `challenge_not_found`, and 422 on a time of release for what is
    no draft, on one without a time zone, and beyond the longest life of instances.
    """
    fields = body.model_dump(exclude_unset=True)
    _check(settings, fields)
    competition = await session.scalar(
        select(Competition).where(Competition.id == competition_id).with_for_update(key_share=True)
    )
    if competition is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    row: CompetitionChallenge | None = await session.scalar(
        listed(competition_id).where(CompetitionChallenge.challenge_id == challenge_id)
    )
    if row is None:
        raise NotFound(
            "challenge_not_found", "This competition has no such challenge. Add it first."
        )
    if fields.get("release_at") is not None:
        fields["state"] = "draft"
    elif fields.get("state", "draft") != "draft":
        fields["release_at"] = None
    before = {name: getattr(row, name) for name in fields}
    for name, value in fields.items():
        setattr(row, name, value)
    competition.updated_at = now()
    emit_for_competition(
        session,
        CompetitionUpdated,
        competition,
        caller.user_id,
        changed=["challenges"],
        before={"challenge_id": challenge_id, **before},
        after={"challenge_id": challenge_id, **fields},
    )
    return row


async def order(
    session: AsyncSession, caller: Caller, competition_id: str, challenge_ids: list[str]
) -> None:
    """Put a competition's challenges in another order.

    Raises `competition_not_found`, and `challenges_changed` where others are in it by now.
    """
    competition = await session.scalar(
        select(Competition).where(Competition.id == competition_id).with_for_update(key_share=True)
    )
    if competition is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    rows = {row.challenge_id: row for row in await session.scalars(listed(competition_id))}
    before = list(rows)
    if sorted(challenge_ids) != sorted(before):
        raise Conflict(
            "challenges_changed",
            "The order names other challenges than those that are in the competition now. Load "
            "them again.",
            missing=sorted(rows.keys() - set(challenge_ids)),
            unknown=sorted(set(challenge_ids) - rows.keys()),
        )
    if challenge_ids == before:
        return
    for position, challenge_id in enumerate(challenge_ids):
        rows[challenge_id].position = position
    competition.updated_at = now()
    emit_for_competition(
        session,
        CompetitionUpdated,
        competition,
        caller.user_id,
        changed=["challenge_ids"],
        before={"challenge_ids": before},
        after={"challenge_ids": challenge_ids},
    )


def _check(settings: Settings, fields: dict[str, Any]) -> None:
    for name in ("state", "ends_when_solved"):
        if name in fields and fields[name] is None:
            raise field_error(["body", name], "cannot be null; leave it out to keep it")
    release_at = fields.get("release_at")
    if release_at is not None:
        if release_at.tzinfo is None:
            problem = "needs a time zone, as in 2026-01-31T12:00:00Z"
            raise field_error(["body", "release_at"], problem)
        if fields.get("state", "draft") != "draft":
            problem = "is for a draft, which becomes visible then; leave `state` out"
            raise field_error(["body", "release_at"], problem)
    if isinstance(value := fields.get("value"), dict):
        try:
            fields["value"] = Value.model_validate(value).model_dump()
        except ValidationError as error:
            problem = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise field_error(["body", "value"], problem) from None
    most = settings.max_instance_ttl_s
    if (fields.get("lifetime_s") or 0) > most:
        raise field_error(["body", "lifetime_s"], f"must be at most {most} seconds")


async def release(database: Database) -> str:
    """Make the drafts visible whose time has come; what was done, in a few words."""
    async with database.transaction() as session:
        released = await session.execute(
            update(CompetitionChallenge)
            .where(
                CompetitionChallenge.state == "draft",
                CompetitionChallenge.release_at <= now(),
                CompetitionChallenge.competition_id.not_in(PAUSED),
            )
            .values(state="visible")
            .returning(CompetitionChallenge.competition_id, CompetitionChallenge.challenge_id)
        )
        found = released.all()
        for competition_id in {row.competition_id for row in found}:
            competition = await session.get_one(Competition, competition_id)
            ids = [row.challenge_id for row in found if row.competition_id == competition_id]
            emit_for_competition(
                session,
                CompetitionUpdated,
                competition,
                "",
                changed=["challenges"],
                after={"visible": sorted(ids)},
            )
    return f"{len(found)} released"


_OFFERED = Statement(
    select(
        CompetitionChallenge.state,
        CompetitionChallenge.max_attempts,
        CompetitionChallenge.lifetime_s,
    ).where(
        CompetitionChallenge.competition_id == bindparam("competition_id"),
        CompetitionChallenge.challenge_id == bindparam("challenge_id"),
    )
)


async def offered(
    database: Database, caller: Caller, competition_id: str, challenge_id: str
) -> Any:
    """What a competition makes of a challenge that players may have: its attempts and lifetime.

    Raises `challenge_out_of_competition`; to who runs it, `challenge_not_visible` of a draft or a
    hidden one.
    """
    rows = await database.read(_OFFERED, competition_id=competition_id, challenge_id=challenge_id)
    if rows and rows[0].state == "visible":
        return rows[0]
    if rows and caller.administers(competition_id):
        raise Conflict(
            "challenge_not_visible",
            f"This challenge is {'a draft' if rows[0].state == 'draft' else 'hidden'} in that "
            "competition: nobody can play it there until it is visible.",
            state=rows[0].state,
        )
    raise out_of_competition()


def out_of_competition() -> Forbidden:
    """The refusal of a challenge that a competition does not offer."""
    return Forbidden(
        "challenge_out_of_competition", "This challenge is not part of that competition."
    )
