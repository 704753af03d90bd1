"""Many accounts at once, from a file."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response

ImportOutcome = Literal["create", "created", "exists", "refused"]


class PeopleImportInfo(Response):
    """A file of people: how it was read, and how many rows come to what.

    `to_create`: accounts that are to be made yet; `existing`: who has one, which stays as it is.
    """

    id: str
    created_at: datetime | None = None
    created_by: str = ""
    encoding: str = ""
    delimiter: str = ""
    ignored_columns: list[str] = []
    to_create: int = 0
    created: int = 0
    existing: int = 0
    refused: int = 0
    task_id: str = ""


class PeopleImportRowInfo(Response):
    """A row of the file. `reason` says why it was refused, `detail` what of.

    `has_password`: they can sign in already, with the file's password or one of their own.
    """

    number: int
    name: str = ""
    email: str = ""
    team: str = ""
    bracket: str = ""
    competition: str = ""
    outcome: ImportOutcome
    reason: str = ""
    detail: str = ""
    user_id: str = ""
    has_password: bool = False


class ApplyPeopleImportRequest(Request):
    """Make the accounts. `all`: where no row is refused; `right`: those that are not."""

    rows: Literal["all", "right"] = "all"
    mail: bool | None = Field(
        None, description="Mail links to them; left out: where mail is configured"
    )
