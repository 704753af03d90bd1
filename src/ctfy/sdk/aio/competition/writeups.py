# Written by tools/async_sdk.py from ctfy/sdk/competition/writeups.py.
# Change that file, then run the tool.
"""Write-ups of one competition."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import BinaryIO

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.writeups import TeamWriteups, Writeup


class CompetitionWriteups:
    """The caller's team's write-ups, and those that were published; `client.writeups` reads one."""

    def __init__(self, http: AsyncBaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._path = f"/competitions/{competition_id}"

    async def of_team(self) -> TeamWriteups:
        """The challenges that the team tried, with its write-ups; and until when it may write."""
        return await self._http.fetch(TeamWriteups, "GET", f"{self._path}/team/writeups")

    async def hand_in(self, challenge_id: str, text: str) -> Writeup:
        """Hand in a write-up in Markdown, in place of the one before."""
        path = f"{self._path}/challenges/{challenge_id}/writeup"
        return await self._http.fetch(Writeup, "PUT", path, json={"text": text})

    async def hand_in_pdf(self, challenge_id: str, content: bytes | BinaryIO) -> Writeup:
        """Hand in a write-up as a PDF of at most 10 MB, in place of the one before."""
        return await self._http.fetch(
            Writeup,
            "PUT",
            f"{self._path}/challenges/{challenge_id}/writeup/pdf",
            content=content if isinstance(content, bytes) else content.read(),
            headers={"Content-Type": "application/pdf"},
        )

    async def list(
        self, challenge_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[Writeup]:
        """The write-ups of a challenge that were published, without their texts.

        There are none before the competition is over.
        """
        path = f"{self._path}/challenges/{challenge_id}/writeups"
        return await self._http.fetch_page(Writeup, path, offset=offset, limit=limit)

    def iterate(self, challenge_id: str) -> AsyncIterator[Writeup]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(Writeup, f"{self._path}/challenges/{challenge_id}/writeups")
