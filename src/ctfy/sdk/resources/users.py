"""`client.users`."""

from __future__ import annotations

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.accounts import ProfileStats, UserInfo, UserSolveTrend


class UsersResource:
    """Other people, as far as they show themselves."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def get(self, user_id: str) -> UserInfo:
        """A person; what they hide is absent.

        >>> client.users.get(user_id).display_name
        """
        return self._http.fetch(UserInfo, "GET", f"/users/{user_id}")

    def solve_trend(self, user_id: str, days: int = 30) -> UserSolveTrend:
        """What a person answered in the last days, a point per day.

        >>> sum(point.solves for point in client.users.solve_trend(user_id).solve_trend)
        """
        path = f"/users/{user_id}/solve-trend"
        return self._http.fetch(UserSolveTrend, "GET", path, params={"days": days})

    def profile_stats(self, user_id: str, days: int = 30) -> ProfileStats:
        """What a person did, by day, tag and difficulty.

        >>> client.users.profile_stats(user_id).by_tag
        """
        path = f"/users/{user_id}/profile-stats"
        return self._http.fetch(ProfileStats, "GET", path, params={"days": days})
