"""Things that operators should look at."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response

IncidentKind = Literal["shared_answer", "wrong_burst", "shared_address"]
IncidentStatus = Literal["open", "acknowledged", "dismissed"]


class IncidentInfo(Response):
    """An incident and its evidence, which depends on the kind."""

    id: str
    kind: str
    status: str = "open"
    competition_id: str
    competition_title: str = ""
    team_id: str = ""
    team_name: str = ""
    user_id: str = ""
    user_name: str = ""
    other_team_id: str = ""
    other_team_name: str = ""
    challenge_id: str = ""
    question_id: str = ""
    evidence: dict[str, Any]
    created_at: datetime
    note: str = ""
    resolved_by: str = ""
    resolved_at: datetime | None


class IncidentPatch(Request):
    """What an operator made of it."""

    status: IncidentStatus
    note: Annotated[str, Field(max_length=2000)] = ""
