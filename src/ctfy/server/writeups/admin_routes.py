"""A competition's write-ups: reading, judging and publishing them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from ctfy.server.access.caller import ItsAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCache, TheCatalogue, TheDatabase, TheStore
from ctfy.server.models.base import Page
from ctfy.server.models.writeups import JudgedWriteup, MissingWriteup, WriteupJudgement
from ctfy.server.records.flows import file_response
from ctfy.server.writeups import judging

router = Router(prefix="/admin/competitions/{competition_id}", tags=["writeups"])

_Id = Annotated[str, Query(max_length=128)]


@router.get("/writeups")
async def list_writeups(
    competition_id: str,
    database: TheDatabase,
    catalogue: TheCatalogue,
    paging: Paged,
    _: ItsAdmin,
    team_id: _Id = "",
    challenge_id: _Id = "",
    published: bool | None = None,
    judged: bool | None = None,
) -> Page[JudgedWriteup]:
    """The write-ups of a competition without their texts, the latest first."""
    given = {
        "team_id": team_id or None,
        "challenge_id": challenge_id or None,
        "published": published,
        "judged": judged,
    }
    by = {name: value for name, value in given.items() if value is not None}
    return await paging.read(
        database,
        judging.of_competition(frozenset(by)),
        lambda row: judging.judged(row, catalogue),
        competition_id=competition_id,
        **by,
    )


@router.get("/missing-writeups")
async def missing_writeups(
    competition_id: str,
    database: TheDatabase,
    catalogue: TheCatalogue,
    paging: Paged,
    _: ItsAdmin,
    team_id: _Id = "",
    challenge_id: _Id = "",
) -> Page[MissingWriteup]:
    """The ranked teams that solved a challenge whole and handed in no write-up of it."""
    given = {"team_id": team_id, "challenge_id": challenge_id}
    by = {name: value for name, value in given.items() if value}
    return await paging.read(
        database,
        judging.lacking(frozenset(by)),
        lambda row: judging.lacks(row, catalogue),
        competition_id=competition_id,
        **by,
    )


@router.get("/writeups.zip", response_class=Response)
async def writeups_zip(
    competition_id: str,
    database: TheDatabase,
    cache: TheCache,
    store: TheStore,
    caller: ItsAdmin,
) -> Response:
    """Every write-up as one zip: a folder for each challenge, a file for each team."""
    await View(caller).competition(database, cache, competition_id)
    headers = {"Content-Disposition": f'attachment; filename="writeups-{competition_id}.zip"'}
    found = await judging.bundle(database, store, competition_id)
    return file_response(found, "application/zip", headers)


@router.get("/writeups/{writeup_id}")
async def get_judged_writeup(
    competition_id: str, writeup_id: str, catalogue: TheCatalogue, session: Session, _: ItsAdmin
) -> JudgedWriteup:
    """One write-up, with the judges' notes and mark."""
    return await judging.get(session, catalogue, competition_id, writeup_id)


@router.patch("/writeups/{writeup_id}")
async def judge_writeup(
    competition_id: str,
    writeup_id: str,
    body: WriteupJudgement,
    catalogue: TheCatalogue,
    session: Session,
    caller: ItsAdmin,
) -> JudgedWriteup:
    """Write notes on a write-up, give it a mark, publish it or take it back."""
    await judging.judge(session, caller, competition_id, writeup_id, body)
    return await judging.get(session, catalogue, competition_id, writeup_id)
