"""Teams."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response
from ctfy.server.models.fields import FieldAnswers, PublicAnswer
from ctfy.server.models.names import Name


class RegisterTeamRequest(FieldAnswers):
    """Enter a competition: alone, or with a new team of the given name."""

    mode: Literal["solo", "create"] = "solo"
    name: Annotated[Name, Field(max_length=80)] = ""
    description: Annotated[str, Field(max_length=2000)] = ""
    bracket: Annotated[str, Field(max_length=64)] = ""


# `hidden` (staff) and `disqualified` teams play, and count nowhere: they have no rank, no first
# blood, and what they solve changes no value.
Standing = Literal["ranked", "hidden", "disqualified"]


class TeamMemberInfo(Response):
    """A person on a team."""

    user_id: str
    display_name: str = ""
    avatar_url: str = ""
    is_captain: bool = False
    joined_at: datetime | None = None
    fields: list[PublicAnswer] = []


class TeamInfo(Response):
    """A team in one competition."""

    id: str
    name: str
    description: str = ""
    logo_url: str = ""
    captain_user_id: str = ""
    captain_display_name: str = ""
    captain_avatar_url: str = ""
    member_count: int = 0
    created_at: datetime | None = None
    solves: int = 0
    attempts: int = 0
    last_active_at: datetime | None = None
    competition_id: str = ""
    bracket: str = ""


class TeamDetail(TeamInfo):
    """A team with its members.

    `standing_reason`: for who runs the competition, and for everybody where it is shown.
    """

    members: list[TeamMemberInfo] = []
    standing: Standing = "ranked"
    standing_reason: str = ""
    standing_reason_shown: bool = False


class TeamUpdate(Request):
    """What a captain changes; a field left out stays."""

    name: Annotated[Name, Field(min_length=1, max_length=80)] | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None


class TeamCorrection(Request):
    """What whoever runs the competition changes of a team; a field left out stays."""

    name: Annotated[Name, Field(min_length=1, max_length=80)] | None = None
    bracket: Annotated[str, Field(max_length=64)] | None = None
    standing: Standing | None = None
    standing_reason: Annotated[str, Field(max_length=500)] | None = None
    standing_reason_shown: bool | None = None


class RedeemRequest(FieldAnswers):
    """Join a team by its invite code."""

    code: Annotated[str, Field(min_length=1, max_length=64)]


class CaptainRequest(Request):
    """Hand the team over to another member, by id or by e-mail address."""

    user_id: Annotated[str, Field(min_length=1, max_length=320)]


class InviteCreate(Request):
    """A new invite code. 0 uses: any number; 0 seconds: until it is revoked."""

    max_uses: Annotated[int, Field(ge=0, le=100)] = 1
    ttl_seconds: Annotated[int, Field(ge=0, le=2_592_000)] = 86_400


class DirectInviteCreate(Request):
    """Invite a person by the address of their account."""

    email: Annotated[str, Field(min_length=3, max_length=320)]


class TeamInviteInfo(Response):
    """A way onto a team. `active`: it can still be used."""

    id: str
    code: str
    team_id: str
    created_by_user_id: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    max_uses: int
    use_count: int
    revoked_at: datetime | None = None
    active: bool = True
    competition_id: str = ""
    kind: Literal["code", "direct", "join_request"] = "code"
    target_user_id: str = ""
    status: str = "pending"
