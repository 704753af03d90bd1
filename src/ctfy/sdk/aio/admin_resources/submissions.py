# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/submissions.py.
# Change that file, then run the tool.
"""`admin.submissions`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import Any

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.submissions import AdminSubmission, ChallengeResetInfo, RegradeResult


class AdminSubmissionsResource:
    """What everybody answered in a competition, and correcting its grades."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(
        self, competition_id: str, *, offset: int = 0, limit: int = 50, **filters: Any
    ) -> builtins.list[AdminSubmission]:
        """All submissions of a competition, newest first.

        `filters`: team_id, user_id, challenge_id, question_id, correct.
        """
        path = f"/admin/competitions/{competition_id}/submissions"
        paging = {"offset": offset, "limit": limit}
        return await self._http.fetch_page(AdminSubmission, path, **filters, **paging)

    def iterate(self, competition_id: str, **filters: Any) -> AsyncIterator[AdminSubmission]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        path = f"/admin/competitions/{competition_id}/submissions"
        return self._http.pages(AdminSubmission, path, **filters)

    async def accept(
        self, competition_id: str, submission_id: str, *, reason: str = ""
    ) -> AdminSubmission:
        """Let a wrong answer count as right; it costs no attempt, then."""
        return await self._rule(competition_id, submission_id, correct=True, reason=reason)

    async def strike(
        self, competition_id: str, submission_id: str, *, reason: str = ""
    ) -> AdminSubmission:
        """Let a right answer count no more."""
        return await self._rule(competition_id, submission_id, correct=False, reason=reason)

    async def _rule(
        self, competition_id: str, submission_id: str, *, correct: bool, reason: str
    ) -> AdminSubmission:
        path = f"/admin/competitions/{competition_id}/submissions/{submission_id}"
        body = {"correct": correct, "reason": reason}
        return await self._http.fetch(AdminSubmission, "PATCH", path, json=body)

    async def regrade(
        self, competition_id: str, challenge_id: str, question_id: str, *, dry_run: bool = True
    ) -> RegradeResult:
        """Grade all submissions to a question with its answer of now; first see what changes."""
        challenge = f"/admin/competitions/{competition_id}/challenges/{challenge_id}"
        path = f"{challenge}/questions/{question_id}/regrade"
        return await self._http.fetch(RegradeResult, "POST", path, json={"dry_run": dry_run})

    async def reset_challenge(
        self, competition_id: str, challenge_id: str, *, reason: str = "", dry_run: bool = True
    ) -> ChallengeResetInfo:
        """Take back all solves, attempts and hints of a challenge; first see how many they are.

        Players read the `reason`, which may be left out of a dry run alone.
        """
        path = f"/admin/competitions/{competition_id}/challenges/{challenge_id}/reset"
        body = {"dry_run": dry_run, "reason": reason}
        return await self._http.fetch(ChallengeResetInfo, "POST", path, json=body)

    async def challenge_resets(
        self, competition_id: str, *, offset: int = 0, limit: int = 50
    ) -> builtins.list[ChallengeResetInfo]:
        """The resets of a competition's challenges, newest first."""
        path = f"/admin/competitions/{competition_id}/challenge-resets"
        return await self._http.fetch_page(ChallengeResetInfo, path, offset=offset, limit=limit)

    async def undo_reset(self, competition_id: str, reset_id: str) -> ChallengeResetInfo:
        """Give back what a reset of a challenge took; what came since stays."""
        path = f"/admin/competitions/{competition_id}/challenge-resets/{reset_id}/undo"
        return await self._http.fetch(ChallengeResetInfo, "POST", path)
