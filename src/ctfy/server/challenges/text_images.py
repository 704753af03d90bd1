"""Images in what a challenge says: `![a map](images/map.png)` is a file of its folder.

An image is shown to whom a text is shown that has it: the description to whoever may know of the
challenge, a hint to the teams that took it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from fastapi.responses import FileResponse

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.folders import PathRefused
from ctfy.core.errors import NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.challenges import hints
from ctfy.server.challenges.files import FolderFile
from ctfy.server.challenges.visibility import ChallengeView
from ctfy.server.database.connections import Database

FOLDER = "images"
_KINDS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
# Whoever wrote it may be anybody: it is shown as an image, or not at all.
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


async def image(
    database: Database,
    caller: Caller | None,
    challenge: Challenge,
    seen: ChallengeView,
    name: str,
) -> FileResponse:
    """An image of a challenge. Raises `image_not_found` also where no text shows it to them."""
    kind = _KINDS.get(PurePosixPath(name).suffix.lower())
    if kind is None or not await _is_shown(database, caller, challenge, seen, name):
        raise _missing()
    try:
        return FolderFile(
            challenge.path,
            f"{FOLDER}/{name}",
            filename=name,
            media_type=kind,
            headers=_HEADERS,
            content_disposition_type="inline",
        )
    except (PathRefused, OSError) as error:
        raise _missing() from error


async def _is_shown(
    database: Database,
    caller: Caller | None,
    challenge: Challenge,
    seen: ChallengeView,
    name: str,
) -> bool:
    """Whether a text shows it that they may read; who writes them sees all."""
    if caller is not None and caller.is_admin:
        return True
    if _names(challenge.metadata.description, name):
        return True
    if not any(_names(hint.text, name) for hint in challenge.metadata.hints):
        return False
    for _, team_id in seen.own:
        if any(_names(h.text, name) for h in await hints.listed(database, challenge, team_id)):
            return True
    return False


def _names(text: str, name: str) -> bool:
    """Whether a text has an image; Markdown may have its name percent-encoded."""
    spaced = name.replace(" ", "%20")
    return any(
        re.search(rf"(?<![\w/])(?:\./)?{FOLDER}/{re.escape(each)}(?![\w.-])", text)
        for each in {name, spaced}
    )


def _missing() -> NotFound:
    return NotFound("image_not_found", "This challenge shows you no such image.")
