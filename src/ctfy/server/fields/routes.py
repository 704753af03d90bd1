"""`/fields`: what is asked at registration, everybody's own answers, and their administration."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import Conflict
from ctfy.server.access.caller import Admin, Caller, Everybody, ItsAdmin, SuperAdmin, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import View
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.fields import service
from ctfy.server.fields.rule import Needed
from ctfy.server.fields.service import PLATFORM
from ctfy.server.kernel import TheCache, TheDatabase
from ctfy.server.models.base import Page
from ctfy.server.models.fields import (
    AnsweredField,
    CompetitionPerson,
    CustomFieldAdminInfo,
    CustomFieldCreate,
    CustomFieldInfo,
    CustomFieldUpdate,
    FieldAnswers,
)

router = Router(tags=["fields"])
_IN = "/competitions/{competition_id}/fields"
_ADMIN_IN = f"/admin{_IN}"
_Force = Annotated[bool, Query(description="Also where answers go with it")]


@router.get("/fields", dependencies=[Everybody])
async def list_fields(database: TheDatabase) -> list[CustomFieldInfo]:
    """What is asked of whoever makes an account."""
    return await service.asked(database)


@router.get("/me/fields")
async def own_answers(
    database: TheDatabase, caller: Caller = may(Scope.PROFILE, ScopeLevel.READ)
) -> list[AnsweredField]:
    """The same, with the caller's answers."""
    return await service.own(database, caller.user_id, PLATFORM)


@router.patch("/me/fields")
async def answer(
    body: FieldAnswers, session: Session, caller: Caller = may(Scope.PROFILE, ScopeLevel.WRITE)
) -> list[AnsweredField]:
    """Change the caller's answers."""
    await service.give(session, caller.user_id, PLATFORM, body.fields, needed="named")
    return await service.answers_of(session, caller.user_id, PLATFORM)


@router.get(_IN)
async def own_answers_in(
    competition_id: str,
    database: TheDatabase,
    cache: TheCache,
    caller: Caller = may(Scope.TEAMS, ScopeLevel.READ),
) -> list[AnsweredField]:
    """What a competition asks of those who register, with the caller's answers."""
    await View(caller).place(database, cache, competition_id)
    return await service.own(database, caller.user_id, competition_id)


@router.patch(_IN)
async def answer_in(
    competition_id: str,
    body: FieldAnswers,
    database: TheDatabase,
    cache: TheCache,
    session: Session,
    caller: Caller = may(Scope.TEAMS, ScopeLevel.WRITE),
) -> list[AnsweredField]:
    """Change the caller's answers in a competition, until it is archived.

    Also before they register; who is on a team takes no required answer away.
    """
    place = await View(caller).place(database, cache, competition_id)
    if place.competition.status == "archived":
        raise Conflict("competition_archived", "This competition is archived; answers stay.")
    needed: Needed = "named" if place.team_id else "nothing"
    await service.give(session, caller.user_id, competition_id, body.fields, needed=needed)
    return await service.answers_of(session, caller.user_id, competition_id)


@router.get("/admin/fields")
async def list_platform_fields(session: Session, _: Admin) -> list[CustomFieldAdminInfo]:
    """What the platform asks, and how many answered."""
    return await service.fields_of(session, PLATFORM)


@router.post("/admin/fields", status_code=201)
async def create_platform_field(
    body: CustomFieldCreate, session: Session, caller: SuperAdmin
) -> CustomFieldAdminInfo:
    """Ask something of everybody; who has an account is asked by the browser."""
    return await service.create(session, caller, PLATFORM, body)


@router.patch("/admin/fields/{field_id}")
async def change_platform_field(
    field_id: str, body: CustomFieldUpdate, session: Session, caller: SuperAdmin
) -> CustomFieldAdminInfo:
    """Change what is asked of everybody; name and kind stay."""
    return await service.change(session, caller, PLATFORM, field_id, body)


@router.delete("/admin/fields/{field_id}")
async def delete_platform_field(
    field_id: str, session: Session, caller: SuperAdmin, force: _Force = False
) -> dict[str, str]:
    """Delete a field of the platform's; one with answers only with `force`."""
    await service.remove(session, caller, PLATFORM, field_id, force=force)
    return {"status": "deleted"}


@router.get(_ADMIN_IN)
async def list_competition_fields(
    competition_id: str, session: Session, _: ItsAdmin
) -> list[CustomFieldAdminInfo]:
    """What a competition asks, and how many answered."""
    return await service.fields_of(session, competition_id)


@router.post(_ADMIN_IN, status_code=201)
async def create_competition_field(
    competition_id: str, body: CustomFieldCreate, session: Session, caller: ItsAdmin
) -> CustomFieldAdminInfo:
    """Ask something of those who register for a competition."""
    return await service.create(session, caller, competition_id, body)


@router.patch(_ADMIN_IN + "/{field_id}")
async def change_competition_field(
    competition_id: str,
    field_id: str,
    body: CustomFieldUpdate,
    session: Session,
    caller: ItsAdmin,
) -> CustomFieldAdminInfo:
    """Change what a competition asks; name and kind stay."""
    return await service.change(session, caller, competition_id, field_id, body)


@router.delete(_ADMIN_IN + "/{field_id}")
async def delete_competition_field(
    competition_id: str,
    field_id: str,
    session: Session,
    caller: ItsAdmin,
    force: _Force = False,
) -> dict[str, str]:
    """Delete a field of a competition; one with answers only with `force`."""
    await service.remove(session, caller, competition_id, field_id, force=force)
    return {"status": "deleted"}


@router.get("/admin/competitions/{competition_id}/people")
async def list_people(
    competition_id: str, database: TheDatabase, cache: TheCache, paging: Paged, caller: ItsAdmin
) -> Page[CompetitionPerson]:
    """Everybody on a team, by team, with their answers."""
    await View(caller).place(database, cache, competition_id)
    return await paging.read(
        database,
        service.PEOPLE,
        lambda row: service.person(row, caller),
        competition_id=competition_id,
    )


@router.get("/admin/competitions/{competition_id}/people/{user_id}/fields")
async def get_answers_in(
    competition_id: str, user_id: str, session: Session, _: ItsAdmin
) -> list[AnsweredField]:
    """What a competition asks, with somebody's answers."""
    return await service.answers_of(session, user_id, competition_id)


@router.patch("/admin/competitions/{competition_id}/people/{user_id}/fields")
async def correct_answers_in(
    competition_id: str, user_id: str, body: FieldAnswers, session: Session, caller: ItsAdmin
) -> list[AnsweredField]:
    """Change somebody's answers in a competition."""
    return await service.correct(session, caller, user_id, competition_id, body.fields)
