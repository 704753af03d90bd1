"""Teams."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response


class RegisterTeamRequest(Request):
    """Enter a competition: alone, or with a new team of the given name."""

    mode: Literal["solo", "create"] = "solo"
    name: Annotated[str, Field(max_length=80)] = ""
    description: Annotated[str, Field(max_length=2000)] = ""


class TeamMemberInfo(Response):
    """A person on a team."""

    user_id: str
    display_name: str = ""
    avatar_url: str = ""
    is_captain: bool = False
    joined_at: datetime | None


class TeamInfo(Response):
    """A team in one competition."""

    id: str
    name: str
    description: str = ""
    captain_user_id: str = ""
    captain_display_name: str = ""
    captain_avatar_url: str = ""
    member_count: int = 0
    created_at: datetime | None
    solves: int = 0
    attempts: int = 0
    last_active_at: datetime | None
    competition_id: str = ""


class TeamDetail(TeamInfo):
    """A team with its members."""

    members: list[TeamMemberInfo]
