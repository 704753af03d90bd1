"""`client.challenges`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from urllib.parse import quote

from ctfy.sdk.base import BaseHttpClient
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

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(
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

        >>> [c.name for c in client.challenges.list("easy", category="web", status="unsolved")]
        """
        return self._http.fetch_page(
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
    ) -> Iterator[ChallengeInfo]:
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

    def get(self, challenge_id: str) -> ChallengeInfo:
        """One challenge.

        >>> client.challenges.get("notes").questions
        """
        return self._http.fetch(ChallengeInfo, "GET", f"/challenges/{challenge_id}")

    def attachments(self, challenge_id: str) -> AttachmentList:
        """The files of a challenge.

        >>> [file.name for file in client.challenges.attachments("two-time").files]
        """
        return self._http.fetch(AttachmentList, "GET", f"/challenges/{challenge_id}/attachments")

    def download_attachment(self, challenge_id: str, filename: str) -> bytes:
        """One file of a challenge.

        >>> client.challenges.download_attachment("two-time", "README.txt")
        """
        name = quote(filename, safe="")
        return self._http.call("GET", f"/challenges/{challenge_id}/attachments/{name}").content

    def image(self, challenge_id: str, filename: str) -> bytes:
        """An image of a challenge's texts, which they name as `images/<filename>`.

        >>> client.challenges.image("notes", "map.png")
        """
        name = quote(filename, safe="")
        return self._http.call("GET", f"/challenges/{challenge_id}/images/{name}").content

    def solve_attempts(
        self, challenge_id: str, *, include_unsolved: bool = False, limit: int = 500
    ) -> ChallengeSolveAttemptsResponse:
        """Who tried a challenge and how they fared, newest first, and by team.

        >>> client.challenges.solve_attempts("notes").per_team[0].best_duration_s
        """
        params = {"include_unsolved": include_unsolved, "limit": limit}
        path = f"/challenges/{challenge_id}/solve-attempts"
        return self._http.fetch(ChallengeSolveAttemptsResponse, "GET", path, params=params)

    def facets(self, *, competition_id: str = "") -> ChallengeFacets:
        """What the challenges can be filtered by, with counts.

        >>> [(facet.value, facet.total) for facet in client.challenges.facets().difficulty]
        """
        params = {"competition_id": competition_id}
        return self._http.fetch(ChallengeFacets, "GET", "/challenges/facets", params=params)

    def feedback_stats(self, challenge_id: str) -> FeedbackStats:
        """What everybody said of a challenge.

        >>> client.challenges.feedback_stats("notes").counts["mindblown"]
        """
        return self._http.fetch(FeedbackStats, "GET", f"/challenges/{challenge_id}/feedback/stats")

    def my_reactions(self, challenge_id: str) -> MyReactionsResponse:
        """What the caller said of a challenge.

        >>> client.challenges.my_reactions("notes").reactions
        """
        path = f"/challenges/{challenge_id}/feedback/me"
        return self._http.fetch(MyReactionsResponse, "GET", path)

    def add_reaction(self, challenge_id: str, reaction: str) -> MyReactionsResponse:
        """Say something of a challenge.

        >>> client.challenges.add_reaction("notes", "learned")
        """
        path = f"/challenges/{challenge_id}/feedback/{reaction}"
        return self._http.fetch(MyReactionsResponse, "PUT", path)

    def remove_reaction(self, challenge_id: str, reaction: str) -> None:
        """Take one reaction back.

        >>> client.challenges.remove_reaction("notes", "learned")
        """
        self._http.call("DELETE", f"/challenges/{challenge_id}/feedback/{reaction}")

    def clear_reactions(self, challenge_id: str) -> None:
        """Take every reaction back.

        >>> client.challenges.clear_reactions("notes")
        """
        self._http.call("DELETE", f"/challenges/{challenge_id}/feedback")
