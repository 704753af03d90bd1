"""What the audit finds in challenge folders."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Response


class ChallengeFinding(Response):
    """One mistake in a challenge's folder. An error keeps all folders from being read again."""

    challenge_id: Annotated[str, Field(description="The folder's name")]
    path: Annotated[str, Field(description="Below the challenges folder")]
    line: Annotated[int, Field(ge=0, description="From 1; 0: the whole file or folder")] = 0
    rule: str
    severity: Literal["error", "warning"]
    problem: str
    fix: str
