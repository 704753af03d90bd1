# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/incidents.py.
# Change that file, then run the tool.
"""`admin.incidents`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.incidents import IncidentInfo


class AdminIncidentsResource:
    """What looks like cheating."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self, offset: int = 0, limit: int = 50, **filters: str
    ) -> builtins.list[IncidentInfo]:
        """Incidents, newest first. `filters`: kind, status, competition_id, team_id."""
        return await self._http.fetch_page(
            IncidentInfo, "/admin/incidents", offset=offset, limit=limit, **filters
        )

    def iterate(self, **filters: str) -> AsyncIterator[IncidentInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(IncidentInfo, "/admin/incidents", **filters)

    async def get(self, incident_id: str) -> IncidentInfo:
        """One incident with its evidence."""
        return await self._http.fetch(IncidentInfo, "GET", f"/admin/incidents/{incident_id}")

    async def update(self, incident_id: str, *, status: str, note: str = "") -> IncidentInfo:
        """Say what became of it: open, acknowledged or dismissed."""
        body = {"status": status, "note": note}
        return await self._http.fetch(
            IncidentInfo, "PATCH", f"/admin/incidents/{incident_id}", json=body
        )
