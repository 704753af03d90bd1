"""`/admin/challenge-sources`: git repositories whose commits become versions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.challenges import sources
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Listing, Paged
from ctfy.server.kernel import TheDatabase, TheJobs
from ctfy.server.models import versions as wire
from ctfy.server.models.base import Page
from ctfy.server.models.tasks import AdminTaskInfo
from ctfy.server.tables.challenges import ChallengeSource
from ctfy.server.tasks import service as tasks
from ctfy.server.tasks.registry import TheRegistry

router = Router(prefix="/admin/challenge-sources", tags=["challenges"])
_ALL = Listing(select(ChallengeSource).order_by(ChallengeSource.created_at, ChallengeSource.id))


def _info(row: Any) -> wire.ChallengeSource:
    return wire.ChallengeSource(
        id=row.id,
        url=row.url,
        branch=row.branch,
        folder=row.folder,
        commit=row.commit,
        challenges=len(row.seen),
        error=row.error,
        checked_at=row.checked_at,
        created_at=row.created_at,
    )


@router.get("")
async def sources_(database: TheDatabase, paging: Paged, _: Admin) -> Page[wire.ChallengeSource]:
    """The repositories, oldest first."""
    return await paging.read(database, _ALL, _info)


@router.post("", status_code=201)
async def add(
    body: wire.ChallengeSourceRequest, session: Session, caller: Admin
) -> wire.ChallengeSource:
    """Have the commits of a repository become versions; it is looked at every minute."""
    row = ChallengeSource(**body.model_dump(), created_by=caller.user_id)
    session.add(row)
    await session.flush()
    return _info(row)


@router.delete("/{source_id}")
async def forget(source_id: str, session: Session, _: Admin) -> dict[str, str]:
    """Look at a repository no more; what came from it stays."""
    await session.delete(await sources.source(session, source_id))
    return {"status": "deleted"}


@router.post("/{source_id}/pull", status_code=202)
async def pull(
    source_id: str, registry: TheRegistry, jobs: TheJobs, session: Session, caller: Admin
) -> AdminTaskInfo:
    """Look at a repository now."""
    await sources.source(session, source_id)
    params = {"source_id": source_id}
    return await tasks.submit(
        session, registry, jobs, caller.user_id, "challenge_source_pull", params
    )
