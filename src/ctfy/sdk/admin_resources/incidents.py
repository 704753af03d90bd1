"""`admin.incidents`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.incidents import IncidentInfo


class AdminIncidentsResource:
    """What looks like cheating."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50, **filters: str) -> builtins.list[IncidentInfo]:
        """Incidents, newest first. `filters`: kind, status, competition_id, team_id."""
        return self._http.fetch_page(
            IncidentInfo, "/admin/incidents", offset=offset, limit=limit, **filters
        )

    def iterate(self, **filters: str) -> Iterator[IncidentInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(IncidentInfo, "/admin/incidents", **filters)

    def get(self, incident_id: str) -> IncidentInfo:
        """One incident with its evidence."""
        return self._http.fetch(IncidentInfo, "GET", f"/admin/incidents/{incident_id}")

    def update(self, incident_id: str, *, status: str, note: str = "") -> IncidentInfo:
        """Say what became of it: open, acknowledged or dismissed."""
        body = {"status": status, "note": note}
        return self._http.fetch(IncidentInfo, "PATCH", f"/admin/incidents/{incident_id}", json=body)
