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
from ctfy.challenge.question import Question, one_of, wrong_value
from ctfy.core.enums import ChallengeCategory
from ctfy.server.models.instances import NetworkTopology, ServiceType

Difficulty = Literal["easy", "medium", "hard"]


class Sandbox(BaseModel):
    """How the challenge runs without a container engine: one process, one port."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: list[str] = Field(
        min_length=1,
        description="The command, as `[python3, services/web/app.py]`. Only `services/` is seen "
        "inside; answers are files `/answers/<question id>`.",
    )
    port: int = Field(ge=1, le=65535, description="Where the process listens, on 127.0.0.1")
    protocol: ServiceType = Field(ServiceType.HTTP, description="How players speak to it")
    memory_mb: int = Field(512, ge=16, le=65536, description="Memory of a sandbox, in MB")
    processes: int = Field(64, ge=1, le=4096, description="Processes of a sandbox at once")


class Value(BaseModel):
    """What a challenge is worth: `initial` points for the first solver, never less than `minimum`.

    It falls along a parabola, over `decay` more solves, or by a `step` with each of them.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra=one_of(decay="integer", step="integer")
    )

    initial: int = Field(ge=0, le=1_000_000, description="Points for the first solver")
    minimum: int = Field(ge=0, le=1_000_000, description="What it never falls below")
    decay: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="How many more solves bring it to `minimum`, along a parabola"
    )
    step: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="By how many points each solve more lowers it"
    )

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

    id: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", max_length=128, description="Its name: a-z, 0-9 and _"
    )
    text: str = Field(min_length=1, max_length=10_000, description="What the team is told then")
    cost: int = Field(0, ge=0, le=1_000_000, description="Points that it costs the team, once")


class Metadata(BaseModel):
    """A challenge as its author wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200, description="What players know it by")
    description: str = Field(
        min_length=1, description="What players read, in Markdown; the address is shown beside it"
    )
    difficulty: Difficulty = Field(description="How hard it is")
    tags: list[str] = Field(min_length=1, description="What it is found by; at least one")
    category: ChallengeCategory = Field(ChallengeCategory.WEB, description="What it is about")
    questions: list[AnyQuestion] = Field(
        [{"id": "flag", "prompt": "Capture the secret"}],
        min_length=1,
        validate_default=True,
        description="What is asked; without, one `flag` that each instance holds",
    )
    value: Annotated[int, Field(ge=0, le=1_000_000)] | Value = Field(
        100, description="Points for solving it: a number, or one that falls with each solve"
    )
    hints: list[Hint] = Field([], description="What a team can be told, for points")
    unlocked_by: list[str] = Field(
        [], description="Closed until the team solved these challenges, named by their folders"
    )
    network_topology: NetworkTopology = Field(
        "simple",
        description="`engagement`: nothing is published, players get a VPN into its networks",
    )
    entry_urls: list[str] = Field([], description="Addresses inside, to start an engagement from")
    protocol: ServiceType = Field(
        ServiceType.HTTP, description="How players speak to the first service of the compose file"
    )
    node_labels: dict[str, str] = Field(
        {}, description='Run on nodes with these labels alone, as `gpu: "yes"`'
    )
    egress: bool = Field(
        False, description="Whether its services may reach the internet; a sandbox never does"
    )
    warm: int = Field(
        0, ge=0, le=100, description="Instances that each node keeps ready, to start at once"
    )
    sandbox: Sandbox | None = Field(
        None, description="How it runs without a container engine: one process, one port"
    )
    limits: Limits = Field(
        Limits(), description="What an instance may use, all of its services together"
    )

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
