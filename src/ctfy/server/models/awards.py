"""Points that a team was given, or that were taken off it, beside what its answers brought."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, field_validator

from ctfy.server.models.base import Request, Response

MOST_POINTS = 1_000_000


class AwardCreate(Request):
    """Give a team points, or take some: then they are negative. The team reads the reason."""

    points: Annotated[int, Field(ge=-MOST_POINTS, le=MOST_POINTS)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]

    @field_validator("points")
    @classmethod
    def _some(cls, points: int) -> int:
        if points == 0:
            raise ValueError("0 points change nothing")
        return points


class TeamAward(Response):
    """An award, or a penalty, as everybody sees it who sees the team."""

    id: str
    points: int = 0
    reason: str = ""
    description: str = ""
    awarded_at: datetime | None = None


class AwardInfo(TeamAward):
    """The same with whom it is for and who gave it; empty where another platform did."""

    competition_id: str = ""
    team_id: str = ""
    team_name: str = ""
    awarded_by: str = ""
    awarded_by_name: str = ""
