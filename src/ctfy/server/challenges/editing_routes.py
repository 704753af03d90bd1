"""Challenges made and changed in the browser: each change makes a version of the current one."""

from __future__ import annotations

import asyncio
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import FileResponse

from ctfy.challenge.audit import METADATA
from ctfy.challenge.documents import DocumentRefused, read_document
from ctfy.challenge.editing import put_file, put_files, remove_file, set_metadata
from ctfy.challenge.folders import PathRefused, tree
from ctfy.challenge.scaffold import Scaffold, ScaffoldRefused
from ctfy.core.errors import Conflict, Invalid, NotFound
from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.challenges.files import FolderFile
from ctfy.server.challenges.library import Library
from ctfy.server.challenges.version_routes import PUSH, RAW_BODY, TheLibrary, pushed, refusals
from ctfy.server.database.connections import Session
from ctfy.server.models import versions as wire
from ctfy.server.tables.challenges import ChallengeVersion

router = Router(prefix="/admin/challenges", tags=["challenges"])

FILES = re.compile(rf"{PUSH}/[^/]+/files(/content)?")
_MOST = 2**31 - 1
_EXACT = 2**53  # beyond it, JavaScript's numbers are no longer exact
Written = Annotated[
    str, Query(alias="path", min_length=1, max_length=1024, description="As `attachments/a.zip`")
]
Base = Annotated[int, Query(ge=1, le=_MOST, description="The version that is changed")]
Version = Annotated[int, Query(ge=0, le=_MOST, description="0: the current one")]


@router.get("/{challenge_id}/files")
async def files(
    challenge_id: str, library: TheLibrary, session: Session, _: Admin, version: Version = 0
) -> wire.ChallengeFiles:
    """What a challenge holds: its files, and what its metadata.yaml says."""
    found = await _version(library, session, challenge_id, version)
    current = await library.current(session, challenge_id)
    folder = await _folder(library, found)
    held, metadata = await asyncio.to_thread(_read, folder)
    return wire.ChallengeFiles(
        challenge_id=challenge_id,
        version=found.number,
        is_current=current is not None and current.number == found.number,
        metadata=metadata,
        files=held,
    )


@router.get("/{challenge_id}/files/content", response_class=FileResponse)
async def file(
    challenge_id: str,
    path: Written,
    library: TheLibrary,
    session: Session,
    _: Admin,
    version: Version = 0,
) -> FolderFile:
    """One file of a challenge, as it is."""
    folder = await _folder(library, await _version(library, session, challenge_id, version))
    try:
        return await asyncio.to_thread(
            partial(
                FolderFile,
                folder,
                path,
                filename=Path(path).name,
                media_type="application/octet-stream",
            )
        )
    except (PathRefused, OSError) as error:
        raise NotFound("file_not_found", "The challenge holds no such file.") from error


@router.put("/{challenge_id}/files/content", openapi_extra=RAW_BODY)
async def write_file(
    challenge_id: str,
    path: Written,
    base: Base,
    request: Request,
    library: TheLibrary,
    caller: Admin,
    executable: Annotated[bool | None, Query(description="Left out: as it was, or not")] = None,
) -> wire.PushedChallenge:
    """Put a file into a challenge, in place of one of that name."""
    with tempfile.TemporaryFile() as body:
        async for chunk in request.stream():
            await asyncio.to_thread(body.write, chunk)
        body.seek(0)
        change = partial(put_file, written=path, source=body, executable=executable)
        with refusals(challenge_id):
            return pushed(*await library.edit(challenge_id, base, change, caller))


@router.post("/{challenge_id}/files", openapi_extra=RAW_BODY)
async def write_files(
    challenge_id: str, base: Base, request: Request, library: TheLibrary, caller: Admin
) -> wire.PushedChallenge:
    """Put every file of an archive (tar, tar.gz, zip) into a challenge, by their names there."""
    with tempfile.TemporaryFile() as body:
        async for chunk in request.stream():
            await asyncio.to_thread(body.write, chunk)
        await asyncio.to_thread(body.flush)
        change = partial(put_files, archive=Path(f"/dev/fd/{body.fileno()}"))
        with refusals(challenge_id):
            return pushed(*await library.edit(challenge_id, base, change, caller))


@router.delete("/{challenge_id}/files/content")
async def delete_file(
    challenge_id: str, path: Written, base: Base, library: TheLibrary, caller: Admin
) -> wire.PushedChallenge:
    """Take a file out of a challenge."""
    change = partial(remove_file, written=path)
    with refusals(challenge_id):
        return pushed(*await library.edit(challenge_id, base, change, caller))


@router.put("/{challenge_id}/metadata")
async def set_challenge_metadata(
    challenge_id: str, body: wire.ChallengeMetadataRequest, library: TheLibrary, caller: Admin
) -> wire.PushedChallenge:
    """Change what a challenge is, or make one that is only asked, without a service."""
    change = partial(set_metadata, metadata=body.metadata)
    with refusals(challenge_id):
        return pushed(*await library.edit(challenge_id, body.base, change, caller))


@router.post("/{challenge_id}/example", status_code=201)
async def make_example(
    challenge_id: str, body: wire.NewChallengeRequest, library: TheLibrary, caller: Admin
) -> wire.PushedChallenge:
    """Make a challenge whose service runs and can be solved at once, as `challenge new` does."""
    scaffold = Scaffold(challenge_id, body.category, body.difficulty, body.tags, body.name)

    def change(folder: Path) -> None:
        scaffold.write(folder.parent, force=True)

    with refusals(challenge_id):
        try:
            return pushed(*await library.edit(challenge_id, 0, change, caller))
        except ScaffoldRefused as refused:
            raise Invalid("challenge_refused", f"{refused}.") from refused


async def _version(
    library: Library, session: Session, challenge_id: str, number: int
) -> ChallengeVersion:
    """A version; 0: the current one. Raises `version_not_found`, `challenge_not_found`."""
    if number:
        return await library.version(session, challenge_id, number)
    found = await library.current(session, challenge_id)
    if found is None:
        raise NotFound("challenge_not_found", "There is no such challenge on the platform.")
    return found


async def _folder(library: Library, version: ChallengeVersion) -> Path:
    try:
        return await library.files(version)
    except OSError as error:
        raise Conflict("version_not_archived", f"That version cannot be read: {error}") from error


def _read(folder: Path) -> tuple[list[wire.ChallengeFile], dict[str, Any]]:
    held = [
        wire.ChallengeFile(
            path=str(path.relative_to(folder)),
            size=info.st_size,
            executable=bool(info.st_mode & 0o111),
        )
        for path, info in sorted(tree(folder))
        if path.is_file()
    ]
    try:
        content = read_document(folder, METADATA).content
    except DocumentRefused:  # of a version that an earlier audit passed
        content = {}
    return held, _exact(content) if isinstance(content, dict) else {}


def _exact(metadata: dict[str, Any]) -> dict[str, Any]:
    """Metadata whose numeric answers are texts where a browser would round them."""
    questions = metadata.get("questions")
    if not isinstance(questions, list):
        return metadata

    def exact(question: Any) -> Any:
        large = {
            name: str(value)
            for name, value in (question.items() if isinstance(question, dict) else ())
            if name in ("answer", "tolerance") and isinstance(value, int) and abs(value) > _EXACT
        }
        return {**question, "mode": "numeric", **large} if large else question

    return {**metadata, "questions": [exact(question) for question in questions]}
