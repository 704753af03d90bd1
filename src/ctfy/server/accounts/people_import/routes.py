"""`/admin/people-imports`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Request

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import API, Router
from ctfy.server.accounts.people_import import service
from ctfy.server.accounts.people_import.file import MOST_BYTES as MOST_BYTES
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheDatabase, TheJobs, TheSecret, TheSettings
from ctfy.server.models.base import Page
from ctfy.server.models.people import (
    ApplyPeopleImportRequest,
    PeopleImportInfo,
    PeopleImportRowInfo,
)
from ctfy.server.models.tasks import AdminTaskInfo
from ctfy.server.tasks.registry import TheRegistry

router = Router(prefix="/admin/people-imports", tags=["users"])
TAKE = f"{API}/admin/people-imports"
_CSV: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("", status_code=201, openapi_extra=_CSV)
async def take_import(
    request: Request,
    database: TheDatabase,
    settings: TheSettings,
    secret: TheSecret,
    caller: Admin,
    competition_id: Annotated[
        str, Query(max_length=128, description="Of the rows that name no competition")
    ] = "",
) -> PeopleImportInfo:
    """Read a CSV file of people and say what each row would come to; nothing is made yet.

    Its first line names the columns: name, email, password, team, bracket, competition.
    """
    content = await request.body()
    import_id = await service.take(database, secret, settings, caller, content, competition_id)
    async with database.transaction() as session:
        return await service.get(session, import_id)


@router.get("")
async def list_imports(session: Session, paging: Paged, _: Admin) -> Page[PeopleImportInfo]:
    """Files of people, newest first; they are forgotten after a week."""
    return await paging.fetch(session, service.listed(), service.info)


@router.get("/{import_id}")
async def get_import(import_id: str, session: Session, _: Admin) -> PeopleImportInfo:
    """One file of people."""
    return await service.get(session, import_id)


@router.get("/{import_id}/rows")
async def import_rows(
    import_id: str,
    session: Session,
    paging: Paged,
    _: Admin,
    outcome: Literal["", "create", "created", "exists", "refused"] = "",
) -> Page[PeopleImportRowInfo]:
    """What each row comes to, or came to."""
    await service.get(session, import_id)
    return await paging.fetch(session, service.rows_of(import_id, outcome), service.row_info)


@router.post("/{import_id}/apply", status_code=202)
async def apply_import(
    import_id: str,
    body: ApplyPeopleImportRequest,
    registry: TheRegistry,
    jobs: TheJobs,
    settings: TheSettings,
    session: Session,
    caller: Admin,
) -> AdminTaskInfo:
    """Make the accounts and teams, by a task; who has an account already stays as they are."""
    return await service.apply(session, registry, jobs, settings, caller, import_id, body)


@router.delete("/{import_id}")
async def forget_import(import_id: str, session: Session, _: Admin) -> dict[str, str]:
    """Forget a file; the accounts that were made stay."""
    await service.forget(session, import_id)
    return {"status": "forgotten"}
