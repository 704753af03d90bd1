"""Grading: a pure function of question, expected answer and given answer."""

from __future__ import annotations

import hmac

from ctfy.challenge.metadata import Mode, Question


def is_correct(question: Question, dynamic_answer: str, given: str | list[str]) -> bool:
    """Whether an answer is right. `dynamic_answer` is what the instance holds.

    Space around a text is no part of it unless the question keeps it; case is, unless the
    question ignores it. A multiple choice compares as sets.
    """
    if question.mode == Mode.MULTI_SELECT:
        chosen = [given] if isinstance(given, str) else given
        return set(chosen) == set(question.answer or [])
    if isinstance(given, list):
        if len(given) != 1:
            return False
        given = given[0]
    expected = dynamic_answer if question.mode == Mode.DYNAMIC else str(question.answer)
    return hmac.compare_digest(
        normalised(question, given).encode(), normalised(question, expected).encode()
    )


def normalised(question: Question, text: str) -> str:
    """A text as the question compares it."""
    if not question.keep_space:
        text = text.strip()
    return text.casefold() if question.ignore_case else text
