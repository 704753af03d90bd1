"""Which question an answer is for: the one that it names, else the only one that is open.

The whole rule, as a pure function of what a team answered already.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ctfy.challenge.question import Question
from ctfy.core.errors import Conflict, Invalid

# What clients send when nobody named a question: to an instance, and where there is none.
OF_INSTANCES, WITHOUT_INSTANCE = "flag", "answer"


def named(questions: Sequence[Question], question_id: str, default: str) -> Question | None:
    """The question that an id names; None where it was left out. Raises `unknown_question_id`.

    `default`: what clients send then. Where no question has that id it is as good as none.
    """
    for question in questions:
        if question.id == question_id:
            return question
    if question_id in ("", default):
        return None
    known = [question.id for question in questions]
    raise Invalid(
        "unknown_question_id",
        f"This challenge has no question '{question_id}'; it has: {', '.join(known)}.",
        known=known,
    )


def the_open_one(questions: Sequence[Question], solved: Collection[str]) -> Question:
    """The one question that is unlocked and not answered yet.

    Raises `question_id_required`, which names them, where several are, and `all_answered`.
    """
    unlocked = (q for q in questions if all(required in solved for required in q.requires))
    found = [question for question in unlocked if question.id not in solved]
    if not found:
        raise Conflict(
            "all_answered", "Your team has answered every question of this challenge already."
        )
    if len(found) > 1:
        ids = [question.id for question in found]
        raise Invalid(
            "question_id_required",
            f"Several questions are open: name one of them as question_id: {', '.join(ids)}.",
            open=ids,
        )
    return found[0]
