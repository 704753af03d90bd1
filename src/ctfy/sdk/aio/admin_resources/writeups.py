# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/writeups.py.
# Change that file, then run the tool.
"""`admin.writeups`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.writeups import JudgedWriteup, MissingWriteup


class AdminWriteupsResource:
    """What teams wrote on how they solved challenges: reading, judging, publishing."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self, competition_id: str, *, offset: int = 0, limit: int = 50, **filters: Any
    ) -> builtins.list[JudgedWriteup]:
        """The write-ups of a competition without their texts, the latest first.

        `filters`: team_id, challenge_id, published, judged.
        """
        path = f"/admin/competitions/{competition_id}/writeups"
        return await self._http.fetch_page(
            JudgedWriteup, path, offset=offset, limit=limit, **filters
        )

    def iterate(self, competition_id: str, **filters: Any) -> AsyncIterator[JudgedWriteup]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        path = f"/admin/competitions/{competition_id}/writeups"
        return self._http.pages(JudgedWriteup, path, **filters)

    async def missing(
        self,
        competition_id: str,
        *,
        team_id: str = "",
        challenge_id: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> builtins.list[MissingWriteup]:
        """The ranked teams that solved a challenge whole and handed in no write-up of it."""
        return await self._http.fetch_page(
            MissingWriteup,
            f"/admin/competitions/{competition_id}/missing-writeups",
            team_id=team_id,
            challenge_id=challenge_id,
            offset=offset,
            limit=limit,
        )

    async def get(self, competition_id: str, writeup_id: str) -> JudgedWriteup:
        """One write-up with its text, the judges' notes and the mark."""
        path = f"/admin/competitions/{competition_id}/writeups/{writeup_id}"
        return await self._http.fetch(JudgedWriteup, "GET", path)

    async def pdf(self, writeup_id: str) -> bytes:
        """A write-up whose `format` is `pdf`."""
        return (await self._http.call("GET", f"/writeups/{writeup_id}/pdf")).content

    async def judge(self, competition_id: str, writeup_id: str, **fields: Any) -> JudgedWriteup:
        """Change what judges say of a write-up; a field left out stays.

        `fields`: notes (for operators alone), mark (0 to 100, None takes it away), published
        (whether everybody reads it once the competition is over).
        """
        path = f"/admin/competitions/{competition_id}/writeups/{writeup_id}"
        return await self._http.fetch(JudgedWriteup, "PATCH", path, json=fields)

    async def archive(self, competition_id: str) -> bytes:
        """Every write-up as one zip: a folder for each challenge, a file for each team."""
        return (
            await self._http.call("GET", f"/admin/competitions/{competition_id}/writeups.zip")
        ).content
