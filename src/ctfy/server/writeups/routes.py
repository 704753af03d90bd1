"""`/writeups`, for the teams that write them and for who reads them."""

from __future__ import annotations

import asyncio
import re
import tempfile
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import Unavailable
from ctfy.server.access.caller import Caller, may
from ctfy.server.access.idempotency import API, Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import View
from ctfy.server.challenges.visibility import TheChallenges
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCatalogue, TheDatabase, TheJobs, TheRateLimits, TheStore
from ctfy.server.models.base import Page
from ctfy.server.models.writeups import MOST_PDF_BYTES as MOST_PDF_BYTES
from ctfy.server.models.writeups import TeamWriteups, Writeup, WriteupText
from ctfy.server.records.flows import begun
from ctfy.server.tables.writeups import folder_of_writeup
from ctfy.server.writeups import service

router = Router(tags=["writeups"])

_READ = may(Scope.CHALLENGES, ScopeLevel.READ)
_OWN = may(Scope.SUBMISSIONS, ScopeLevel.READ)
_HAND_IN = may(Scope.SUBMISSIONS, ScopeLevel.WRITE)
_OF = "/competitions/{competition_id}"
_OF_CHALLENGE = _OF + "/challenges/{challenge_id}"
# The paths whose bodies are PDFs.
PDF = re.compile(API + r"/competitions/[^/]+/challenges/[^/]+/writeup/pdf")
_PDF: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(_OF + "/team/writeups")
async def team_writeups(
    competition_id: str, database: TheDatabase, catalogue: TheCatalogue, caller: Caller = _OWN
) -> TeamWriteups:
    """The challenges that the caller's team tried, with its write-ups; and until when it writes."""
    return await service.of_own_team(database, catalogue, caller, competition_id)


@router.put(_OF_CHALLENGE + "/writeup")
async def hand_in_writeup(
    competition_id: str,
    challenge_id: str,
    body: WriteupText,
    database: TheDatabase,
    catalogue: TheCatalogue,
    challenges: TheChallenges,
    jobs: TheJobs,
    session: Session,
    caller: Caller = _HAND_IN,
) -> Writeup:
    """Hand in the team's write-up of a challenge that it tried, in Markdown, or replace it."""
    by = await service.author(database, challenges, caller, competition_id, challenge_id)
    size = len(body.text.encode())
    row = await service.hand_in(session, jobs, caller, by, text=body.text, size_bytes=size)
    return Writeup(**service.told(row, by.team_name, catalogue), text=body.text)


@router.put(_OF_CHALLENGE + "/writeup/pdf", openapi_extra=_PDF)
async def hand_in_pdf(
    competition_id: str,
    challenge_id: str,
    request: Request,
    database: TheDatabase,
    catalogue: TheCatalogue,
    challenges: TheChallenges,
    store: TheStore,
    jobs: TheJobs,
    rate_limits: TheRateLimits,
    session: Session,
    caller: Caller = _HAND_IN,
) -> Writeup:
    """Hand in the team's write-up of a challenge that it tried, as a PDF, or replace it."""
    await rate_limits.hit("upload", caller.user_id)
    by = await service.author(database, challenges, caller, competition_id, challenge_id)
    with tempfile.TemporaryFile() as file:  # not in memory, however slowly many send
        async for chunk in request.stream():
            await asyncio.to_thread(file.write, chunk)
        size = file.tell()
        file_id = await service.keep(store, file)
    try:
        row = await service.hand_in(session, jobs, caller, by, file_id=file_id, size_bytes=size)
        await session.commit()
    except BaseException:
        await store.remove(folder_of_writeup(file_id))
        raise
    return Writeup(**service.told(row, by.team_name, catalogue))


@router.get(_OF_CHALLENGE + "/writeups")
async def published_writeups(
    competition_id: str,
    challenge_id: str,
    database: TheDatabase,
    catalogue: TheCatalogue,
    challenges: TheChallenges,
    paging: Paged,
    caller: Caller = _READ,
) -> Page[Writeup]:
    """The write-ups of a challenge that were published, once the competition is over."""
    view = View(caller)
    await challenges.get(view, challenge_id, competition_id)
    return await paging.read(
        database,
        service.published(view.sight),
        lambda row: Writeup(**service.told(row, row.team_name, catalogue)),
        competition_id=competition_id,
        challenge_id=challenge_id,
        **view.values,
    )


@router.get("/writeups/{writeup_id}")
async def get_writeup(
    writeup_id: str, database: TheDatabase, catalogue: TheCatalogue, caller: Caller = _READ
) -> Writeup:
    """A write-up: of one's team, one to judge, or a published one after the end."""
    row = await service.readable(database, View(caller), writeup_id)
    return Writeup(**service.told(row, row.team_name, catalogue), text=row.text)


@router.get("/writeups/{writeup_id}/pdf", response_class=Response)
async def get_writeup_pdf(
    writeup_id: str, database: TheDatabase, store: TheStore, caller: Caller = _READ
) -> Response:
    """The same, where it is a PDF: to be saved, never shown in place."""
    row = await service.readable(database, View(caller), writeup_id)
    path = service.file_of(row.file_id)
    try:
        parts = await begun(store.stream(path))
    except FileNotFoundError:
        raise service.file_missing() from None
    except OSError as error:
        raise Unavailable("store_unavailable", "The write-up cannot be read just now.") from error
    name = f"writeup-{row.challenge_id}-{row.id[:8]}.pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(parts, media_type="application/pdf", headers=headers)
