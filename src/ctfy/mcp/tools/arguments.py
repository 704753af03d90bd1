"""Arguments that several tools take, with what an agent reads about them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Limit = Annotated[int, Field(ge=1, le=1000, description="At most so many")]
Offset = Annotated[int, Field(ge=0, description="Skip so many")]
ChallengeId = Annotated[str, Field(description="As list_challenges names it")]
CompetitionId = Annotated[str, Field(description="As list_competitions names it")]
InstanceId = Annotated[str, Field(description="The `id` that start_instance returned")]
Difficulty = Annotated[str | None, Field(description="Only these: easy, medium, hard, …")]
Tag = Annotated[str, Field(description="Only with this tag")]
Answer = Annotated[
    str | list[str], Field(description="The answer; a list where several choices are right")
]
