# Written by tools/async_sdk.py from ctfy/sdk/resources/writeups.py.
# Change that file, then run the tool.
"""`client.writeups`."""

from __future__ import annotations

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.writeups import Writeup


class WriteupsResource:
    """Write-ups of every competition, by their ids."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def get(self, writeup_id: str) -> Writeup:
        """A write-up with its text: of one's own team, or one that was published."""
        return await self._http.fetch(Writeup, "GET", f"/writeups/{writeup_id}")

    async def pdf(self, writeup_id: str) -> bytes:
        """The same, where its `format` is `pdf`."""
        return (await self._http.call("GET", f"/writeups/{writeup_id}/pdf")).content
