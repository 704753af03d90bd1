"""`metadata.yaml`: what a challenge is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ctfy.server.models.challenges import ChallengeCategory
from ctfy.server.models.instances import NetworkTopology, ServiceType

Difficulty = Literal["easy", "medium", "hard"]


class Mode(StrEnum):
    """How a question is answered."""

    DYNAMIC = "dynamic"
    STATIC = "static"
    SINGLE_SELECT = "single_select"
    MULTI_SELECT = "multi_select"


class Question(BaseModel):
    """One question. Its mode follows from its fields: no `answer` is dynamic, `choices` select."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=128)]
    prompt: Annotated[str, Field(min_length=1)]
    answer: str | list[str] | None = None
    choices: Annotated[list[str], Field(min_length=2)] | None = None
    requires: list[str] = []
    format: Literal["flag", "raw"] = "flag"
    ignore_case: bool = False
    keep_space: bool = False

    @property
    def mode(self) -> Mode:
        """How the question is answered."""
        if self.choices is not None:
            return Mode.MULTI_SELECT if isinstance(self.answer, list) else Mode.SINGLE_SELECT
        return Mode.DYNAMIC if self.answer is None else Mode.STATIC

    @model_validator(mode="after")
    def _answer_fits(self) -> Question:
        answers = self.answer if isinstance(self.answer, list) else [self.answer]
        if self.choices is None:
            if isinstance(self.answer, list):
                raise ValueError("a list of answers needs `choices`")
            return self
        if self.answer is None:
            raise ValueError("`choices` need an `answer` that is one of them")
        if len(set(self.choices)) != len(self.choices):
            raise ValueError("`choices` repeat one another")
        if not answers or (wrong := [a for a in answers if a not in self.choices]):
            raise ValueError(f"`answer` must come from `choices`; these do not: {wrong}")
        return self


class Sandbox(BaseModel):
    """How the challenge runs without a container engine: one process, one port."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Annotated[list[str], Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)]
    protocol: ServiceType = ServiceType.HTTP
    memory_mb: Annotated[int, Field(ge=16, le=65536)] = 512
    processes: Annotated[int, Field(ge=1, le=4096)] = 64


class Value(BaseModel):
    """What a challenge is worth: `initial` points, falling to `minimum` over `decay` solves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    initial: Annotated[int, Field(ge=0, le=1_000_000)]
    minimum: Annotated[int, Field(ge=0, le=1_000_000)]
    decay: Annotated[int, Field(ge=1, le=1_000_000)]

    @model_validator(mode="after")
    def _falls(self) -> Value:
        if self.minimum > self.initial:
            raise ValueError("`minimum` is more than `initial`")
        return self


class Hint(BaseModel):
    """A hint that a team can take for `cost` points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=128)]
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    cost: Annotated[int, Field(ge=0, le=1_000_000)] = 0


DEFAULT_QUESTION = Question(id="flag", prompt="Capture the secret")


class Metadata(BaseModel):
    """A challenge as its author wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(min_length=1)]
    difficulty: Difficulty
    tags: Annotated[list[str], Field(min_length=1)]
    category: ChallengeCategory = ChallengeCategory.WEB
    questions: Annotated[list[Question], Field(min_length=1)] = [DEFAULT_QUESTION]
    value: Annotated[int, Field(ge=0, le=1_000_000)] | Value = 100
    hints: list[Hint] = []
    unlocked_by: list[str] = []
    network_topology: NetworkTopology = "simple"
    entry_urls: list[str] = []
    protocol: ServiceType = ServiceType.HTTP
    node_labels: dict[str, str] = {}
    egress: bool = False
    warm: Annotated[int, Field(ge=0, le=100)] = 0
    sandbox: Sandbox | None = None

    @field_validator("hints")
    @classmethod
    def _hints_differ(cls, hints: list[Hint]) -> list[Hint]:
        if len({hint.id for hint in hints}) != len(hints):
            raise ValueError("two hints have the same id")
        return hints

    @field_validator("questions")
    @classmethod
    def _questions_fit(cls, questions: list[Question]) -> list[Question]:
        """Ids are unique; `requires` names earlier questions, so there is no circle."""
        earlier: set[str] = set()
        for question in questions:
            if question.id in earlier:
                raise ValueError(f"two questions have the id `{question.id}`")
            if unknown := [r for r in question.requires if r not in earlier]:
                raise ValueError(
                    f"`{question.id}` requires {unknown}, which no question before it has"
                )
            earlier.add(question.id)
        return questions

    def question(self, question_id: str) -> Question | None:
        """The question of that id."""
        return next((q for q in self.questions if q.id == question_id), None)
