"""`client.activities`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.activity import Activity, ActivityTimeseries


class ActivitiesResource:
    """What happened."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(
        self,
        team_id: str = "",
        challenge_id: str = "",
        event: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> builtins.list[Activity]:
        """What happened, newest first.

        >>> [(a.timestamp, a.event) for a in client.activities.list(event="flag_correct")]
        """
        return self._http.fetch_page(
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
    ) -> Iterator[Activity]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(
            Activity, "/activities", team_id=team_id, challenge_id=challenge_id, event=event
        )

    def timeseries(
        self,
        *,
        team_id: str = "",
        challenge_id: str = "",
        event: str = "",
        window: int = 86400,
        bucket: int = 3600,
    ) -> ActivityTimeseries:
        """The same, counted over the last `window` seconds in buckets of `bucket`.

        >>> client.activities.timeseries(window=3600, bucket=60).buckets[-1].counts
        """
        params = {
            "team_id": team_id,
            "challenge_id": challenge_id,
            "event": event,
            "window": window,
            "bucket": bucket,
        }
        path = "/activities/timeseries"
        return self._http.fetch(ActivityTimeseries, "GET", path, params=params)
