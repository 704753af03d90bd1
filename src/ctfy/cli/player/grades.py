"""How a grade is told."""

from __future__ import annotations

from ctfy.cli.output import Code, fail, out
from ctfy.server.models.submissions import SubmissionResponse, VerifyAnswerResponse


def say_grade(graded: SubmissionResponse | VerifyAnswerResponse) -> None:
    """Say whether an answer is right; a wrong one exits with 1."""
    if not graded.correct:
        left = getattr(graded, "attempts_remaining", None)
        fail("wrong answer", hint="" if left is None else f"{left} attempts left", code=Code.FAILED)
    words = "Correct."
    if isinstance(graded, SubmissionResponse) and graded.challenge_fully_solved:
        place = f", as number {graded.solve_rank}" if graded.solve_rank else ""
        words = f"Correct: the challenge is solved{place}."
    out.print(words)
