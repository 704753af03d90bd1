"""`client.competitions`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.competitions import CompetitionDetail, CompetitionInfo


class CompetitionsResource:
    """Finding competitions."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(
        self, phase: str = "", offset: int = 0, limit: int = 50
    ) -> builtins.list[CompetitionInfo]:
        """The competitions, newest first; `phase` is upcoming, running, past or empty for all."""
        return self._http.fetch_page(
            CompetitionInfo, "/competitions", phase=phase, offset=offset, limit=limit
        )

    def iterate(self, phase: str = "") -> Iterator[CompetitionInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(CompetitionInfo, "/competitions", phase=phase)

    def get(self, competition_id: str) -> CompetitionDetail:
        """One competition with its challenges."""
        return self._http.fetch(CompetitionDetail, "GET", f"/competitions/{competition_id}")
