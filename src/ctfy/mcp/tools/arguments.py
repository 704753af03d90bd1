"""Arguments that several tools take. A description goes on after "pass …"; a refusal says it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _id(value: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,128}", value, re.ASCII) or value in (".", ".."):
        raise ValueError("is no id")
    return value


def _answer(value: str | list[str]) -> str | list[str]:
    texts = [value] if isinstance(value, str) else value
    if not texts or any(not text.strip() for text in texts):
        raise ValueError("is empty")
    if len(texts) > 100 or any(len(text) > 4096 for text in texts):
        raise ValueError("is too long for an answer")
    return value


def _maybe_id(value: str) -> str:
    return value and _id(value)


Text = Annotated[str, AfterValidator(_text)]
Id = Annotated[str, AfterValidator(_id)]
MaybeId = Annotated[str, AfterValidator(_maybe_id)]
Limit = Annotated[int, Field(ge=1, le=1000)]
Offset = Annotated[int, Field(ge=0)]
ChallengeId = Annotated[Id, Field(description="an `id` of list_challenges")]
CompetitionId = Annotated[Id, Field(description="an `id` of list_competitions")]
InstanceId = Annotated[Id, Field(description="the `id` that start_instance returned")]
Difficulty = Annotated[str | None, Field(description="easy, medium or hard")]
Tag = Annotated[str, Field(description="a tag")]
Category = Annotated[str, Field(description="web, pwn, reverse, crypto or misc")]
Answer = Annotated[
    str | list[str],
    Field(description="the text that you captured, or a list where several choices are right"),
    AfterValidator(_answer),
]
_QUESTION = "a question's id; left out: the one that is open"
QuestionId = Annotated[str, Field(description=_QUESTION)]
# Agents hold the default `flag`. Left out, it is no name at all all the same.
InstanceQuestionId = Annotated[
    str, Field(description=_QUESTION, json_schema_extra={"default": "flag"})
]
