# Written by tools/async_sdk.py from ctfy/sdk/resources/activities.py.
# Change that file, then run the tool.
"""`client.activities`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.activity import Activity, ActivityTimeseries


class ActivitiesResource:
    """What happened."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self,
        team_id: str = "",
        challenge_id: str = "",
        event: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> builtins.list[Activity]:
        """What happened, newest first."""
        return await self._http.fetch_page(
            Activity,
            "/activities",
            team_id=team_id,
            challenge_id=challenge_id,
            event=event,
            offset=offset,
            limit=limit,
        )

    def iterate(
        self, team_id: str = "", challenge_id: str = "", event: str = ""
    ) -> AsyncIterator[Activity]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(
            Activity, "/activities", team_id=team_id, challenge_id=challenge_id, event=event
        )

    async def timeseries(
        self,
        *,
        team_id: str = "",
        challenge_id: str = "",
        event: str = "",
        window: int = 86400,
        bucket: int = 3600,
    ) -> ActivityTimeseries:
        """The same, counted over the last `window` seconds in buckets of `bucket`."""
        params = {
            "team_id": team_id,
            "challenge_id": challenge_id,
            "event": event,
            "window": window,
            "bucket": bucket,
        }
        path = "/activities/timeseries"
        return await self._http.fetch(ActivityTimeseries, "GET", path, params=params)
