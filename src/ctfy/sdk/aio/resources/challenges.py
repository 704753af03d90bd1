# Written by tools/async_sdk.py from ctfy/sdk/resources/challenges.py.
# Change that file, then run the tool.
"""`client.challenges`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from urllib.parse import quote

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.challenges import (
    AttachmentList,
    ChallengeFacets,
    ChallengeInfo,
    ChallengeSolveAttemptsResponse,
    FeedbackStats,
    MyReactionsResponse,
)


class ChallengesResource:
    """The challenges of every competition that the caller may see."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self,
        difficulty: str | None = None,
        tag: str = "",
        category: str = "",
        q: str = "",
        offset: int = 0,
        limit: int = 50,
        *,
        status: str = "",
        sort: str = "",
        competition_id: str = "",
    ) -> builtins.list[ChallengeInfo]:
        """The challenges that match. `status`: solved or unsolved.

        `sort`: name, difficulty, solves, value; -solves and -value the other way round.
        """
        return await self._http.fetch_page(
            ChallengeInfo,
            "/challenges",
            difficulty=difficulty or "",
            tag=tag,
            category=category,
            q=q,
            status=status,
            sort=sort,
            competition_id=competition_id,
            offset=offset,
            limit=limit,
        )

    def iterate(
        self,
        difficulty: str | None = None,
        tag: str = "",
        category: str = "",
        q: str = "",
        *,
        status: str = "",
        sort: str = "",
        competition_id: str = "",
    ) -> AsyncIterator[ChallengeInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(
            ChallengeInfo,
            "/challenges",
            difficulty=difficulty or "",
            tag=tag,
            category=category,
            q=q,
            status=status,
            sort=sort,
            competition_id=competition_id,
        )

    async def get(self, challenge_id: str) -> ChallengeInfo:
        """One challenge."""
        return await self._http.fetch(ChallengeInfo, "GET", f"/challenges/{challenge_id}")

    async def attachments(self, challenge_id: str) -> AttachmentList:
        """The files of a challenge."""
        return await self._http.fetch(
            AttachmentList, "GET", f"/challenges/{challenge_id}/attachments"
        )

    async def download_attachment(self, challenge_id: str, filename: str) -> bytes:
        """One file of a challenge."""
        name = quote(filename, safe="")
        return (
            await self._http.call("GET", f"/challenges/{challenge_id}/attachments/{name}")
        ).content

    async def image(self, challenge_id: str, filename: str) -> bytes:
        """An image of a challenge's texts, which they name as `images/<filename>`."""
        name = quote(filename, safe="")
        return (await self._http.call("GET", f"/challenges/{challenge_id}/images/{name}")).content

    async def solve_attempts(
        self, challenge_id: str, *, include_unsolved: bool = False, limit: int = 500
    ) -> ChallengeSolveAttemptsResponse:
        """Who tried a challenge and how they fared, newest first, and by team."""
        params = {"include_unsolved": include_unsolved, "limit": limit}
        path = f"/challenges/{challenge_id}/solve-attempts"
        return await self._http.fetch(ChallengeSolveAttemptsResponse, "GET", path, params=params)

    async def facets(self, *, competition_id: str = "") -> ChallengeFacets:
        """What the challenges can be filtered by, with counts."""
        params = {"competition_id": competition_id}
        return await self._http.fetch(ChallengeFacets, "GET", "/challenges/facets", params=params)

    async def feedback_stats(self, challenge_id: str) -> FeedbackStats:
        """What everybody said of a challenge."""
        return await self._http.fetch(
            FeedbackStats, "GET", f"/challenges/{challenge_id}/feedback/stats"
        )

    async def my_reactions(self, challenge_id: str) -> MyReactionsResponse:
        """What the caller said of a challenge."""
        path = f"/challenges/{challenge_id}/feedback/me"
        return await self._http.fetch(MyReactionsResponse, "GET", path)

    async def add_reaction(self, challenge_id: str, reaction: str) -> MyReactionsResponse:
        """Say something of a challenge."""
        path = f"/challenges/{challenge_id}/feedback/{reaction}"
        return await self._http.fetch(MyReactionsResponse, "PUT", path)

    async def remove_reaction(self, challenge_id: str, reaction: str) -> None:
        """Take one reaction back."""
        await self._http.call("DELETE", f"/challenges/{challenge_id}/feedback/{reaction}")

    async def clear_reactions(self, challenge_id: str) -> None:
        """Take every reaction back."""
        await self._http.call("DELETE", f"/challenges/{challenge_id}/feedback")
