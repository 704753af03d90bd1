"""The versions of challenges: pushed, compared, rolled back; and what nodes fetch of them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Path as PathParameter
from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Select, bindparam, func, select

from ctfy.challenge.archive import ArchiveRefused
from ctfy.challenge.audit import Finding
from ctfy.challenge.documents import DocumentRefused
from ctfy.challenge.folders import PathRefused, printable
from ctfy.challenge.versions import ChallengeRefused
from ctfy.core.errors import Conflict, Invalid, NotFound, Unavailable
from ctfy.server.access.caller import Admin, BearerHeader, ByOwnToken, bearer_token
from ctfy.server.access.idempotency import Router
from ctfy.server.challenges.differences import differences
from ctfy.server.challenges.library import Library
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Listing, Paged
from ctfy.server.kernel import TheDatabase, TheSecret, TheStore
from ctfy.server.models import versions as wire
from ctfy.server.models.audits import ChallengeFinding
from ctfy.server.models.base import Page
from ctfy.server.nodes.service import node_of
from ctfy.server.services import provided
from ctfy.server.store import Store
from ctfy.server.tables.challenges import ChallengeVersion, StoredChallenge

router = Router(prefix="/admin/challenges", tags=["challenges"])
for_nodes = Router(prefix="/nodes/challenges", tags=["nodes"])
TheLibrary = Annotated[Library, provided(Library)]

Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
PUSH = "/api/v1/admin/challenges"
MOST_ARCHIVE = 256 * 1024 * 1024  # bytes
RAW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_version = (
    select(ChallengeVersion, StoredChallenge.digest.label("current"))
    .outerjoin(StoredChallenge, StoredChallenge.id == ChallengeVersion.challenge_id)
    .order_by(ChallengeVersion.number.desc())
)
_VERSIONS = Listing(_version.where(ChallengeVersion.challenge_id == bindparam("challenge_id")))
_count = (
    select(ChallengeVersion.challenge_id, func.count().label("versions"))
    .group_by(ChallengeVersion.challenge_id)
    .subquery()
)
_STORED = Listing(
    select(StoredChallenge, ChallengeVersion.number, _count.c.versions)
    .join(
        ChallengeVersion,
        (ChallengeVersion.challenge_id == StoredChallenge.id)
        & (ChallengeVersion.digest == StoredChallenge.digest),
    )
    .join(_count, _count.c.challenge_id == StoredChallenge.id)
    .order_by(StoredChallenge.id)
)


def _info(version: Any, current: str | None) -> dict[str, Any]:
    return {
        "challenge_id": version.challenge_id,
        "version": version.number,
        "digest": version.digest,
        "bucket": version.bucket,
        "origin": version.origin,
        "archive_bytes": version.archive_bytes,
        "created_at": version.created_at,
        "created_by": version.created_by,
        "is_current": version.digest == current,
    }


def _finding(challenge_id: str, finding: Finding) -> ChallengeFinding:
    return ChallengeFinding(
        challenge_id=challenge_id,
        path=printable(str(finding.path)),
        line=finding.line,
        rule=finding.rule,
        severity="error" if finding.is_error else "warning",
        problem=printable(finding.problem),
        fix=printable(finding.fix),
    )


@contextmanager
def refusals(challenge_id: str) -> Iterator[None]:
    """What keeps a version from being taken in, in the words of the contract."""
    try:
        yield
    except ArchiveRefused as refused:
        raise Invalid("archive_refused", f"The archive was not taken: {refused}.") from refused
    except PathRefused as refused:
        raise Invalid("path_refused", f"That is no path of a challenge: {refused}.") from refused
    except (ChallengeRefused, DocumentRefused) as refused:
        findings = refused.findings if isinstance(refused, ChallengeRefused) else []
        raise Invalid(
            "challenge_refused",
            f"The challenge was not taken: {printable(str(refused))}",
            findings=[_finding(challenge_id, each).model_dump() for each in findings[:100]],
        ) from refused
    except OSError as error:
        raise Unavailable(
            "store_unavailable", f"The challenge could not be stored: {error.strerror or error}"
        ) from error


def pushed(version: ChallengeVersion, warnings: list[Finding]) -> wire.PushedChallenge:
    """A version that is current now, and what the audit warns of."""
    findings = [_finding(version.challenge_id, each) for each in warnings]
    return wire.PushedChallenge(**_info(version, version.digest), findings=findings)


@router.get("")
async def stored(database: TheDatabase, paging: Paged, _: Admin) -> Page[wire.StoredChallenge]:
    """The challenges of the platform with their current versions, by id."""
    return await paging.read(
        database,
        _STORED,
        lambda row: wire.StoredChallenge(
            id=row.id,
            version=row.number,
            digest=row.digest,
            source=row.source,
            versions=row.versions,
            changed_at=row.changed_at,
        ),
    )


@router.post("", status_code=201, openapi_extra=RAW_BODY)
async def push(
    request: Request,
    library: TheLibrary,
    caller: Admin,
    challenge_id: Annotated[
        str, Query(max_length=128, description="Empty: the name of the archive's one folder")
    ] = "",
    bucket: Annotated[str, Query(max_length=128)] = "",
) -> wire.PushedChallenge:
    """Make the challenge that an archive (tar, tar.gz, zip) holds the current version of it.

    New instances are of this version; running ones keep theirs. A version that is there already
    becomes the current one again.
    """
    with tempfile.TemporaryFile() as file:
        path = Path(f"/dev/fd/{file.fileno()}")
        async for chunk in request.stream():
            await asyncio.to_thread(file.write, chunk)
        await asyncio.to_thread(file.flush)
        with refusals(challenge_id):
            version, warnings = await library.push(path, challenge_id, bucket, caller)
    return pushed(version, warnings)


@router.get("/{challenge_id}/versions")
async def versions(
    challenge_id: str, database: TheDatabase, paging: Paged, _: Admin
) -> Page[wire.ChallengeVersion]:
    """The versions of a challenge, newest first; also of one that was removed."""
    return await paging.read(
        database,
        _VERSIONS,
        lambda row: wire.ChallengeVersion(**_info(row, row.current)),
        challenge_id=challenge_id,
    )


@router.get("/{challenge_id}/versions/{version}/archive", response_class=StreamingResponse)
async def archive(
    challenge_id: str,
    version: Number,
    library: TheLibrary,
    store: TheStore,
    session: Session,
    _: Admin,
) -> StreamingResponse:
    """A version as tar.gz."""
    found = await library.version(session, challenge_id, version)
    name = f"{challenge_id}-{version}.tar.gz"
    return await _sent(
        library, store, found, 0, {"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.get("/{challenge_id}/versions/{version}/diff")
async def diff(
    challenge_id: str,
    version: Number,
    library: TheLibrary,
    session: Session,
    _: Admin,
    base: Annotated[int, Query(ge=0, le=2**31 - 1, description="0: the one before it, if any")] = 0,
) -> wire.ChallengeDiff:
    """What a version has that another has not."""
    base = base or version - 1
    after = await library.version(session, challenge_id, version)
    before = await library.version(session, challenge_id, base) if base else None
    try:
        old, new = await library.files(before) if before else None, await library.files(after)
        files = await asyncio.to_thread(differences, old, new)
    except (OSError, PathRefused) as error:
        raise Conflict("version_not_archived", f"A version cannot be read: {error}") from error
    return wire.ChallengeDiff(challenge_id=challenge_id, base=base, version=version, files=files)


@router.post("/{challenge_id}/rollback")
async def rollback(
    challenge_id: str, body: wire.VersionChoice, library: TheLibrary, caller: Admin
) -> wire.ChallengeVersion:
    """Make a version the current one: an earlier, or a later one again."""
    version = await library.roll_back(challenge_id, body.version, caller)
    return wire.ChallengeVersion(**_info(version, version.digest))


@router.delete("/{challenge_id}")
async def remove(challenge_id: str, library: TheLibrary, caller: Admin) -> dict[str, str]:
    """Take a pushed challenge off the platform; a rollback to a version brings it back."""
    await library.remove(challenge_id, caller)
    return {"status": "removed"}


@for_nodes.get("", dependencies=[ByOwnToken])
async def current(
    request: Request, secret: TheSecret, session: Session, _: BearerHeader
) -> wire.NodeChallenges:
    """Every challenge in the version that nodes run."""
    await node_of(session, secret, bearer_token(request))
    rows = await session.execute(
        select(StoredChallenge.id, StoredChallenge.digest, ChallengeVersion.bucket)
        .join(
            ChallengeVersion,
            (ChallengeVersion.challenge_id == StoredChallenge.id)
            & (ChallengeVersion.digest == StoredChallenge.digest),
        )
        .order_by(StoredChallenge.id)
    )
    return wire.NodeChallenges(
        challenges=[
            wire.NodeChallenge(id=row.id, digest=row.digest, bucket=row.bucket) for row in rows
        ]
    )


@for_nodes.get("/{digest}", dependencies=[ByOwnToken], response_class=StreamingResponse)
async def fetch(
    digest: str,
    request: Request,
    store: TheStore,
    library: TheLibrary,
    secret: TheSecret,
    database: TheDatabase,
    _: BearerHeader,
    start: Annotated[int, Query(ge=0, le=MOST_ARCHIVE * 100, description="From that byte on")] = 0,
) -> StreamingResponse:
    """The archive of a version, for a node; `start` goes on where an earlier answer broke off."""
    # No transaction stays open: an archive takes its time.
    async with database.transaction() as session:
        await node_of(session, secret, bearer_token(request))
        version = await session.scalar(_of_digest(digest))
    if version is None:
        raise NotFound("version_not_found", "There is no such version of a challenge.")
    if version.archive_bytes is None:
        await library.archive_folder(digest)
        async with database.transaction() as session:
            version = await session.scalar(_of_digest(digest)) or version
    return await _sent(library, store, version, start, {})


def _of_digest(digest: str) -> Select[ChallengeVersion]:
    """The version of a digest; of challenges that hold the same, the first with an archive."""
    return (
        select(ChallengeVersion)
        .where(ChallengeVersion.digest == digest)
        .order_by(
            ChallengeVersion.archive_bytes.is_(None),
            ChallengeVersion.created_at,
            ChallengeVersion.challenge_id,
        )
        .limit(1)
    )


async def _sent(
    library: Library, store: Store, version: ChallengeVersion, start: int, headers: dict[str, str]
) -> StreamingResponse:
    """The archive of a version, from a byte on. Raises `version_not_archived`."""
    if version.archive_bytes is None:
        raise Conflict("version_not_archived", "The archive of that version is not there yet.")
    try:
        path, size = await library.archived(version.challenge_id, version.digest)
        if start >= size:
            raise Invalid("range_not_satisfiable", "The archive is not that long.")
        chunks = store.stream(path, start)
        first = await anext(chunks)
    except OSError as error:
        raise Unavailable(
            "store_unavailable", "The archive cannot be read now.", headers={"Retry-After": "5"}
        ) from error

    async def content() -> Any:
        yield first
        async for chunk in chunks:
            yield chunk

    length = {"Content-Length": str(size - start)}
    return StreamingResponse(content(), media_type="application/gzip", headers=headers | length)
