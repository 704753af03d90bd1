"""`client.submissions`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.base import ListOf
from ctfy.server.models.challenges import QaChallengeView
from ctfy.server.models.submissions import (
    SubmissionResponse,
    SubmissionState,
    VerifyAnswerResponse,
)


class SubmissionsResource:
    """Answering questions."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def submit(
        self, instance_id: str, answer: str | builtins.list[str], *, question_id: str = "flag"
    ) -> SubmissionResponse:
        """Answer a question of an instance; a list for a multiple choice.

        >>> client.submissions.submit(ready.id, "FLAG{…}").correct
        """
        body = {"instance_id": instance_id, "question_id": question_id, "answer": answer}
        return self._http.fetch(SubmissionResponse, "POST", "/submissions", json=body)

    def verify(
        self, instance_id: str, answer: str | builtins.list[str], *, question_id: str = "flag"
    ) -> VerifyAnswerResponse:
        """Grade an answer without scoring it."""
        body = {"question_id": question_id, "answer": answer}
        path = f"/instances/{instance_id}/verify-answer"
        return self._http.fetch(VerifyAnswerResponse, "POST", path, json=body)

    def submit_qa(
        self,
        challenge_id: str,
        competition_id: str,
        answer: str | builtins.list[str],
        *,
        question_id: str = "answer",
    ) -> SubmissionResponse:
        """Answer a question of a challenge that has no instance."""
        body = {
            "challenge_id": challenge_id,
            "competition_id": competition_id,
            "question_id": question_id,
            "answer": answer,
        }
        return self._http.fetch(SubmissionResponse, "POST", "/qa/submissions", json=body)

    def list(
        self, challenge_id: str = "", offset: int = 0, limit: int = 50
    ) -> builtins.list[SubmissionState]:
        """What the caller's teams answered, newest first."""
        return self._http.fetch_page(
            SubmissionState, "/submissions", challenge_id=challenge_id, offset=offset, limit=limit
        )

    def iterate(self, challenge_id: str = "") -> Iterator[SubmissionState]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(SubmissionState, "/submissions", challenge_id=challenge_id)

    def list_qa_challenges(self, competition_id: str) -> builtins.list[QaChallengeView]:
        """The challenges without instances, and how far the caller's team is.

        >>> client.submissions.list_qa_challenges(competition.id)[0].solved_question_ids
        """
        params = {"competition_id": competition_id}
        path = "/qa/challenges"
        return self._http.fetch(ListOf[QaChallengeView], "GET", path, params=params).root
