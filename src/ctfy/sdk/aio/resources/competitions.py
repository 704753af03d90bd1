# Written by tools/async_sdk.py from ctfy/sdk/resources/competitions.py.
# Change that file, then run the tool.
"""`client.competitions`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.competitions import CompetitionDetail, CompetitionInfo


class CompetitionsResource:
    """Finding competitions."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self, phase: str = "", offset: int = 0, limit: int = 50
    ) -> builtins.list[CompetitionInfo]:
        """The competitions, newest first; `phase` is upcoming, running, past or empty for all."""
        return await self._http.fetch_page(
            CompetitionInfo, "/competitions", phase=phase, offset=offset, limit=limit
        )

    def iterate(self, phase: str = "") -> AsyncIterator[CompetitionInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(CompetitionInfo, "/competitions", phase=phase)

    async def get(self, competition_id: str) -> CompetitionDetail:
        """One competition with its challenges."""
        return await self._http.fetch(CompetitionDetail, "GET", f"/competitions/{competition_id}")
