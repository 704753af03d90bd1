"""Write-ups: what teams hand in, what judges make of it, what everybody reads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator

from ctfy.server.models.base import Request, Response

# Written in any script, it fits into a request.
MOST_TEXT = 60_000
MOST_PDF_BYTES = 10_000_000


class WriteupText(Request):
    """A write-up in Markdown."""

    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]

    @field_validator("text")
    @classmethod
    def _some(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("there is nothing in it")
        return text


class Writeup(Response):
    """A team's write-up of a challenge. `text`: of one in Markdown; lists leave it out."""

    id: str
    competition_id: str = ""
    team_id: str = ""
    team_name: str = ""
    challenge_id: str = ""
    challenge_name: str = ""
    format: Literal["markdown", "pdf"] = "markdown"
    size_bytes: int = 0
    submitted_at: datetime | None = None
    updated_at: datetime | None = None
    published_at: datetime | None = None
    text: str = ""


class TeamWriteup(Response):
    """A challenge that a team tried, whether it solved it whole, and its write-up, if any."""

    challenge_id: str
    challenge_name: str = ""
    solved: bool = False
    writeup: Writeup | None = None


class TeamWriteups(Response):
    """What a team handed in, and may. No `writeups_until`: the competition takes none."""

    writeups_until: datetime | None = None
    is_open: bool = False
    items: list[TeamWriteup] = []


class JudgedWriteup(Writeup):
    """A write-up for who runs the competition, with what the judges say of it."""

    submitted_by: str = ""
    submitted_by_name: str = ""
    notes: str = ""
    mark: int | None = None
    judged_by: str = ""
    judged_by_name: str = ""
    judged_at: datetime | None = None


class WriteupJudgement(Request):
    """What judges change; a field left out stays, and a mark of null takes it away."""

    notes: Annotated[str, Field(max_length=20_000)] | None = None
    mark: Annotated[int, Field(ge=0, le=100)] | None = None
    published: bool | None = None
    of: Annotated[
        datetime | None, Field(description="The `updated_at` of what was read, to publish no other")
    ] = None


class MissingWriteup(Response):
    """A team that solved a challenge whole and handed in no write-up of it."""

    team_id: str
    team_name: str = ""
    challenge_id: str = ""
    challenge_name: str = ""
    solved_at: datetime | None = None
