"""`metadata.yaml`: what a challenge is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from ctfy.challenge.limits import Limits
from ctfy.challenge.modes import AnyQuestion
from ctfy.challenge.question import Question, wrong_value
from ctfy.core.enums import ChallengeCategory
from ctfy.server.models.instances import NetworkTopology, ServiceType

Difficulty = Literal["easy", "medium", "hard"]


class Sandbox(BaseModel):
    """How the challenge runs without a container engine: one process, one port."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Annotated[list[str], Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)]
    protocol: ServiceType = ServiceType.HTTP
    memory_mb: Annotated[int, Field(ge=16, le=65536)] = 512
    processes: Annotated[int, Field(ge=1, le=4096)] = 64


class Value(BaseModel):
    """What a challenge is worth: `initial` points for the first solver, never less than `minimum`.

    It falls along a parabola, over `decay` more solves, or by a `step` with each of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    initial: Annotated[int, Field(ge=0, le=1_000_000)]
    minimum: Annotated[int, Field(ge=0, le=1_000_000)]
    decay: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    step: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _falls(self) -> Value:
        if self.minimum > self.initial:
            raise ValueError("`minimum` is more than `initial`")
        if (self.decay is None) == (self.step is None):
            raise wrong_value(
                "a falling value has either `decay` or `step`",
                "write one: `decay: 20` solves to the minimum, or `step: 10` points a solve",
            )
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, int]:
        return {name: value for name, value in handler(self).items() if value is not None}


class Hint(BaseModel):
    """A hint that a team can take for `cost` points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=128)]
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    cost: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class Metadata(BaseModel):
    """A challenge as its author wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(min_length=1)]
    difficulty: Difficulty
    tags: Annotated[list[str], Field(min_length=1)]
    category: ChallengeCategory = ChallengeCategory.WEB
    questions: Annotated[list[AnyQuestion], Field(min_length=1, validate_default=True)] = [
        {"id": "flag", "prompt": "Capture the secret"}  # type: ignore[list-item] # parsed
    ]
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
    limits: Limits = Limits()

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
