"""Challenges of other formats, brought to the platform as an archive."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Query, Request

from ctfy.challenge.importers import ImportRefused, importers
from ctfy.core.errors import Invalid, field_error
from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.challenges import foreign
from ctfy.server.challenges.version_routes import PUSH, RAW_BODY, TheLibrary, refusals
from ctfy.server.kernel import TheDatabase
from ctfy.server.models.versions import ForeignImport

router = Router(prefix="/admin/challenges", tags=["challenges"])

TAKE = f"{PUSH}/import"
_one_at_a_time = asyncio.Lock()  # each unpacks gigabytes at most


@router.post("/import", openapi_extra=RAW_BODY)
async def import_collection(
    request: Request,
    library: TheLibrary,
    database: TheDatabase,
    caller: Admin,
    dry_run: bool = True,
    format: Annotated[
        str, Query(max_length=64, description="As ctfcli, rctf, kctf or xbow; empty: found out")
    ] = "",
    difficulty: Annotated[
        Literal["easy", "medium", "hard"], Query(description="Of those that name none")
    ] = "medium",
    force: Annotated[
        bool, Query(description="Take theirs where a file was changed here, too")
    ] = False,
) -> ForeignImport:
    """Take in the challenges of another format that an archive (tar, tar.gz, zip) holds.

    The answer says what becomes of each field: carried, changed or dropped, and why. First as a
    dry run. What was imported before is brought up to date, and what was changed here stays.
    """
    if format and format not in importers():
        raise field_error(["query", "format"], f"use one of: {', '.join(importers())}")
    with (
        tempfile.TemporaryFile() as file,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room,
    ):
        async for chunk in request.stream():
            await asyncio.to_thread(file.write, chunk)
        await asyncio.to_thread(file.flush)
        archive = Path(f"/dev/fd/{file.fileno()}")
        async with _one_at_a_time:
            with refusals(""):
                try:
                    return await foreign.take_in(
                        database,
                        library,
                        caller,
                        archive,
                        Path(room),
                        format,
                        difficulty,
                        dry_run=dry_run,
                        force=force,
                    )
                except ImportRefused as refused:
                    raise Invalid(
                        "import_refused", f"Nothing was brought in: {refused}."
                    ) from refused
