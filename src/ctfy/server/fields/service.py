"""Fields and answers: made, changed, given, and who is shown them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from ctfy.core.errors import Conflict, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.events.types import Audience
from ctfy.server.fields import rule
from ctfy.server.fields.events import AnswersCorrected, CustomFieldChanged
from ctfy.server.fields.rule import Needed
from ctfy.server.models.fields import (
    AnsweredField,
    CompetitionPerson,
    CustomFieldAdminInfo,
    CustomFieldCreate,
    CustomFieldInfo,
    CustomFieldUpdate,
    FieldValue,
)
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.fields import CustomField, FieldAnswer
from ctfy.server.tables.teams import Team, TeamMember

PLATFORM = None  # the competition of the platform's own fields
_MOST_FIELDS = 50
_IN_ORDER = (CustomField.position, CustomField.created_at, CustomField.id)
_Id = str | BindParameter[Any] | InstrumentedAttribute[str]


def _of(competition_id: _Id | None) -> ColumnElement[bool]:
    """The condition of a competition's fields, or of the platform's."""
    if competition_id is None:
        return CustomField.competition_id.is_(None)
    return CustomField.competition_id == competition_id


def _answered(competition_id: _Id | None, user_id: _Id) -> Select[Any]:
    """What is asked, in its order, with somebody's answers."""
    mine = (FieldAnswer.field_id == CustomField.id) & (FieldAnswer.user_id == user_id)
    return (
        select(*CustomField.__table__.columns, FieldAnswer.value, FieldAnswer.given_at)
        .outerjoin(FieldAnswer, mine)
        .where(_of(competition_id))
        .order_by(*_IN_ORDER)
    )


_ASKED = Statement(select(CustomField).where(_of(PLATFORM)).order_by(*_IN_ORDER))
_OWN = Statement(_answered(PLATFORM, bindparam("user_id")))
_OWN_IN = Statement(_answered(bindparam("competition_id"), bindparam("user_id")))


def _info(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CustomFieldInfo.model_fields}


def answered(row: Any) -> AnsweredField:
    """A field with somebody's answer on the wire."""
    return AnsweredField(**_info(row), value=row.value, given_at=row.given_at)


async def asked(database: Database) -> list[CustomFieldInfo]:
    """What the platform asks of everybody."""
    return [CustomFieldInfo(**_info(row)) for row in await database.read(_ASKED)]


async def own(database: Database, user_id: str, competition_id: str | None) -> list[AnsweredField]:
    """What is asked, with somebody's answers."""
    if competition_id is None:
        rows = await database.read(_OWN, user_id=user_id)
    else:
        rows = await database.read(_OWN_IN, user_id=user_id, competition_id=competition_id)
    return [answered(row) for row in rows]


async def answers_of(
    session: AsyncSession, user_id: str, competition_id: str | None
) -> list[AnsweredField]:
    """The same as this transaction leaves it."""
    rows = await session.execute(_answered(competition_id, user_id))
    return [answered(row) for row in rows]


async def give(
    session: AsyncSession,
    user_id: str,
    competition_id: str | None,
    given: Mapping[str, FieldValue | None],
    *,
    needed: Needed,
) -> list[str]:
    """Keep somebody's answers; the fields that changed. What is given again keeps its time.

    Raises `field_invalid`, `fields_missing`; see `rule.changes`.
    """
    # Locked, so that a field that is deleted meanwhile takes these answers, too.
    fields = (
        await session.scalars(
            select(CustomField)
            .where(_of(competition_id))
            .order_by(*_IN_ORDER)
            .with_for_update(read=True, key_share=True)
        )
    ).all()
    if not fields and not given:
        return []
    rows = await session.scalars(
        select(FieldAnswer).where(
            FieldAnswer.user_id == user_id, FieldAnswer.field_id.in_([f.id for f in fields])
        )
    )
    before = {row.field_id: row.value for row in rows}
    held = [field.name for field in fields if field.id in before]
    kept = rule.changes(fields, given, held, needed=needed)
    changed = [f for f in fields if f.name in kept and kept[f.name] != before.get(f.id)]
    for field in changed:
        value = kept[field.name]
        if value is None:
            await session.execute(
                delete(FieldAnswer).where(
                    FieldAnswer.field_id == field.id, FieldAnswer.user_id == user_id
                )
            )
            continue
        row = {"value": value, "given_at": now()}
        await session.execute(
            insert(FieldAnswer)
            .values(field_id=field.id, user_id=user_id, competition_id=competition_id, **row)
            .on_conflict_do_update(index_elements=["field_id", "user_id"], set_=row)
        )
    return [field.name for field in changed]


async def correct(
    session: AsyncSession,
    caller: Caller,
    user_id: str,
    competition_id: str | None,
    given: Mapping[str, FieldValue | None],
) -> list[AnsweredField]:
    """Change somebody's answers, as whoever runs the place, which they are in.

    Raises `user_not_found`, and as `give` does.
    """
    user = await session.scalar(_people(competition_id).where(User.id == user_id))
    if user is None:
        raise NotFound("user_not_found", "There is no such person here.")
    changed = await give(session, user_id, competition_id, given, needed="named")
    if changed:
        event = AnswersCorrected(
            competition_id=competition_id or "",
            target_user_id=user_id,
            target_user_name=user.display_name,
            field_names=changed,
        )
        emit(session, event, audience=_audience(competition_id), actor_id=caller.user_id)
    return await answers_of(session, user_id, competition_id)


def _people(competition_id: str | None) -> Select[User]:
    """Those who have an account, or who are on a team of a competition."""
    query = select(User).where(User.deleted_at.is_(None))
    if competition_id is None:
        return query
    return query.join(TeamMember).where(TeamMember.competition_id == competition_id)


def _audience(competition_id: str | None) -> Audience:
    return Audience.ADMINS if competition_id is None else Audience.OPERATORS


# Who is shown what.


def public_answers(
    user_id: InstrumentedAttribute[str], competition_id: InstrumentedAttribute[str] | None
) -> ScalarSelect[Any]:
    """Somebody's answers that are shown beside their name, as a list for the wire."""
    shown = func.jsonb_build_object(
        *_pairs(name=CustomField.name, label=CustomField.label, kind=CustomField.kind),
        *_pairs(value=FieldAnswer.value),
    )
    return (
        select(
            func.coalesce(
                func.jsonb_agg(aggregate_order_by(shown, *_IN_ORDER)),
                literal_column("'[]'::jsonb"),
            )
        )
        .select_from(FieldAnswer)
        .join(CustomField, CustomField.id == FieldAnswer.field_id)
        .where(_of(competition_id), CustomField.public, FieldAnswer.user_id == user_id)
        .correlate(user_id.class_, *([competition_id.class_] if competition_id else []))
        .scalar_subquery()
    )


def missing_names() -> ScalarSelect[Any]:
    """What the platform asks of everybody and a row's person has not answered."""
    answers = (
        select(FieldAnswer.field_id)
        .where(FieldAnswer.field_id == CustomField.id, FieldAnswer.user_id == User.id)
        .correlate(CustomField, User)
    )
    names = (
        select(CustomField.name)
        .where(_of(PLATFORM), CustomField.required, ~answers.exists())
        .order_by(*_IN_ORDER)
        .correlate(User)
    )
    return func.array(names.scalar_subquery())  # type: ignore[return-value]


def all_answers(
    user_id: InstrumentedAttribute[str], competition_id: str | BindParameter[Any] | None
) -> ScalarSelect[Any]:
    """Somebody's answers by the name of the field, for whoever runs the place."""
    return (
        select(
            func.coalesce(
                func.jsonb_object_agg(CustomField.name, FieldAnswer.value),
                literal_column("'{}'::jsonb"),
            )
        )
        .select_from(FieldAnswer)
        .join(CustomField, CustomField.id == FieldAnswer.field_id)
        .where(_of(competition_id), FieldAnswer.user_id == user_id)
        .correlate(user_id.class_)
        .scalar_subquery()
    )


def _pairs(**columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> list[Any]:
    return [
        part for name, column in columns.items() for part in (literal_column(f"'{name}'"), column)
    ]


# Everybody on a team of a competition, by team.
PEOPLE = Listing(
    select(
        TeamMember.user_id,
        User.display_name,
        User.email,
        TeamMember.team_id,
        Team.name.label("team_name"),
        (Team.captain_user_id == TeamMember.user_id).label("is_captain"),
        TeamMember.joined_at,
        all_answers(TeamMember.user_id, bindparam("competition_id")).label("fields"),
    )
    .join(Team, Team.id == TeamMember.team_id)
    .join(User, User.id == TeamMember.user_id)
    .where(TeamMember.competition_id == bindparam("competition_id"))
    .order_by(Team.created_at, Team.id, TeamMember.joined_at, TeamMember.user_id)
)


def person(row: Any, caller: Caller) -> CompetitionPerson:
    """A row of `PEOPLE` on the wire."""
    names = CompetitionPerson.model_fields.keys() - {"email"}
    email = (caller.is_admin and row.email) or ""
    return CompetitionPerson(**{name: getattr(row, name) for name in names}, email=email)


# What operators do.


def listed(competition_id: str | None) -> Select[*tuple[Any, ...]]:
    """What is asked, with how many answered."""
    answers = (
        select(func.count())
        .where(FieldAnswer.field_id == CustomField.id)
        .correlate(CustomField)
        .scalar_subquery()
    )
    return (
        select(CustomField, answers.label("answers"))
        .where(_of(competition_id))
        .order_by(*_IN_ORDER)
    )


async def fields_of(
    session: AsyncSession, competition_id: str | None
) -> list[CustomFieldAdminInfo]:
    """The same on the wire. Raises `competition_not_found`."""
    await _require(session, competition_id)
    return [_admin_info(row) for row in await session.execute(listed(competition_id))]


def _admin_info(row: Any) -> CustomFieldAdminInfo:
    return CustomFieldAdminInfo(**_info(row.CustomField), answers=row.answers)


async def create(
    session: AsyncSession, caller: Caller, competition_id: str | None, body: CustomFieldCreate
) -> CustomFieldAdminInfo:
    """A new field.

    Raises `competition_not_found`, `field_name_taken`, `too_many_fields`, 422 as `rule.check`.
    """
    await _require(session, competition_id)
    there = (
        await session.scalars(select(CustomField).where(_of(competition_id)).order_by(*_IN_ORDER))
    ).all()
    if len(there) >= _MOST_FIELDS:
        raise Conflict("too_many_fields", f"There are {len(there)} fields, the most there can be.")
    fields = body.model_dump()
    if fields["position"] is None:
        fields["position"] = max((field.position for field in there), default=-1) + 1
    field = CustomField(id=new_id(), competition_id=competition_id, created_at=now(), **fields)
    rule.check(field)
    try:
        async with session.begin_nested():
            session.add(field)
    except IntegrityError as error:
        raise Conflict("field_name_taken", f"There is a field {body.name} already.") from error
    _tell(session, caller, field, "create")
    return CustomFieldAdminInfo(**_info(field))


async def change(
    session: AsyncSession,
    caller: Caller,
    competition_id: str | None,
    field_id: str,
    body: CustomFieldUpdate,
) -> CustomFieldAdminInfo:
    """Change a field. Raises `field_not_found`, 422 as `rule.check`."""
    field = await _get(session, competition_id, field_id)
    fields = body.model_dump(exclude_unset=True)
    for name in fields.keys() - {"minimum", "maximum"}:
        if fields[name] is None:
            raise field_error(["body", name], "cannot be null; leave it out to keep it")
    before = {name: getattr(field, name) for name in fields}
    for name, value in fields.items():
        setattr(field, name, value)
    rule.check(field)
    _tell(session, caller, field, "update", before=before, after=fields)
    await session.flush()
    row = await session.execute(listed(competition_id).where(CustomField.id == field_id))
    return _admin_info(row.one())


async def remove(
    session: AsyncSession,
    caller: Caller,
    competition_id: str | None,
    field_id: str,
    *,
    force: bool,
) -> None:
    """Delete a field with its answers. Raises `field_not_found`, `field_has_answers`."""
    field = await _get(session, competition_id, field_id)
    count = await session.scalar(
        select(func.count()).select_from(FieldAnswer).where(FieldAnswer.field_id == field_id)
    )
    if count and not force:
        raise Conflict(
            "field_has_answers",
            f"{count} answers would be lost. Delete the field with force=true.",
            answers=count,
        )
    _tell(session, caller, field, "delete", answers=count or 0)
    await session.delete(field)


async def _require(session: AsyncSession, competition_id: str | None) -> None:
    """Raise `competition_not_found` where it is not there, or is being deleted."""
    if competition_id is None:
        return
    there = select(Competition.id).where(Competition.id == competition_id)
    if await session.scalar(there.with_for_update(read=True, key_share=True)) is None:
        raise NotFound("competition_not_found", "There is no such competition.")


async def _get(session: AsyncSession, competition_id: str | None, field_id: str) -> CustomField:
    """A field, locked. Raises `field_not_found`."""
    field: CustomField | None = await session.scalar(
        select(CustomField).where(_of(competition_id), CustomField.id == field_id).with_for_update()
    )
    if field is None:
        raise NotFound("field_not_found", "There is no such field.")
    return field


async def copy(session: AsyncSession, competition_id: str, copy_id: str) -> None:
    """Ask in another competition what one asks."""
    fields = await session.scalars(select(CustomField).where(_of(competition_id)))
    for field in fields.all():
        same = {c.name: getattr(field, c.name) for c in CustomField.__table__.c}
        session.add(CustomField(**same | {"id": new_id(), "competition_id": copy_id}))


def _tell(
    session: AsyncSession,
    caller: Caller,
    field: CustomField,
    action: str,
    *,
    answers: int = 0,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    event = CustomFieldChanged(
        competition_id=field.competition_id or "",
        field_name=field.name,
        action=action,
        answers=answers,
    )
    emit(
        session,
        event,
        audience=_audience(field.competition_id),
        actor_id=caller.user_id,
        before=before,
        after=after,
    )
