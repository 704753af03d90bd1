# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/observability.py.
# Change that file, then run the tool.
"""`admin.observability`."""

from __future__ import annotations

from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.activity import Activity, ActivityTimeseries
from ctfy.server.models.observability import (
    AdminHealthFlags,
    AdminOverview,
    AdminTimeseries,
    AdminTrafficSummary,
)
from ctfy.server.models.standings import AdminSolveMatrix


class AdminObservabilityResource:
    """The platform at a glance, and what anybody did."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def overview(self) -> AdminOverview:
        """Counts of everything."""
        return await self._http.fetch(AdminOverview, "GET", "/admin/overview")

    async def solve_matrix(self, *, competition_id: str = "") -> AdminSolveMatrix:
        """Who solved what, in one competition or in all published ones."""
        params = {"competition_id": competition_id}
        return await self._http.fetch(AdminSolveMatrix, "GET", "/admin/solve-matrix", params=params)

    async def health_flags(self) -> AdminHealthFlags:
        """What to look at now."""
        return await self._http.fetch(AdminHealthFlags, "GET", "/admin/health-flags")

    async def timeseries(
        self, *, metric: str, window: int = 86400, bucket: int = 3600
    ) -> AdminTimeseries:
        """One metric over time; window and bucket in seconds.

        `metric`: launches, submissions, solves, running_instances, teams or active_users.
        """
        params: dict[str, Any] = {"metric": metric, "window": window, "bucket": bucket}
        return await self._http.fetch(AdminTimeseries, "GET", "/admin/timeseries", params=params)

    async def traffic_summary(self) -> AdminTrafficSummary:
        """Who sends how much, busiest first."""
        return await self._http.fetch(AdminTrafficSummary, "GET", "/admin/traffic/summary")

    async def activities(
        self,
        *,
        actor_id: str = "",
        team_id: str = "",
        challenge_id: str = "",
        event: str = "",
        since: str = "",
        until: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> list[Activity]:
        """What anybody did, newest first. `since`, `until`: ISO 8601."""
        asked: dict[str, Any] = {
            "actor_id": actor_id,
            "team_id": team_id,
            "challenge_id": challenge_id,
            "event": event,
            "since": since,
            "until": until,
        }
        given = {name: value for name, value in asked.items() if value}
        return await self._http.fetch_page(
            Activity, "/admin/activities", offset=offset, limit=limit, **given
        )

    async def activities_timeseries(
        self, *, window: int = 86400, bucket: int = 3600
    ) -> ActivityTimeseries:
        """The same, counted by kind and time."""
        params = {"window": window, "bucket": bucket}
        path = "/admin/activities/timeseries"
        return await self._http.fetch(ActivityTimeseries, "GET", path, params=params)
