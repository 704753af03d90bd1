"""What operators ask of people at registration, and what those answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response
from ctfy.server.models.names import Name

FieldKind = Annotated[
    Literal["text", "choice", "number", "consent"],
    Field(description="A consent is a tick; a required one must be ticked"),
]
FieldValue = str | bool | int | float
Answers = Annotated[
    dict[Annotated[str, Field(max_length=64)], FieldValue | None],
    Field(
        max_length=100,
        description="By the name of the field; true for a consent. Null or an empty text takes an "
        "answer away, and what is not named stays",
    ),
]

_FieldName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,31}$",
        max_length=32,
        description="What programs call it: small letters, digits and _",
    ),
]
_Label = Annotated[Name, Field(min_length=1, max_length=120)]
_Description = Annotated[str, Field(max_length=2000)]
_Options = Annotated[
    list[Annotated[Name, Field(min_length=1, max_length=200)]],
    Field(max_length=200, description="Of a choice"),
]
_Bound = Annotated[
    float,
    Field(ge=-1e15, le=1e15, description="Of a number; of a text, its length in characters"),
]
_Position = Annotated[int, Field(ge=0, le=10_000)]


class CustomFieldInfo(Response):
    """Something that is asked of people. `public`: the answer is shown beside their name."""

    id: str
    name: str
    label: str
    description: str = ""
    kind: FieldKind
    required: bool = False
    public: bool = False
    position: int = 0
    options: list[str] = []
    minimum: float | None = None
    maximum: float | None = None


class CustomFieldAdminInfo(CustomFieldInfo):
    """The same for operators; `answers`: how many people answered it."""

    answers: int = 0


class AnsweredField(CustomFieldInfo):
    """A field with somebody's answer; null where there is none. `given_at`: when they gave it."""

    value: FieldValue | None = None
    given_at: datetime | None = None


class PublicAnswer(Response):
    """An answer that is shown beside somebody's name."""

    name: str
    label: str
    kind: FieldKind
    value: FieldValue


class CustomFieldCreate(Request):
    """A new field. Without `position` it comes last."""

    name: _FieldName
    label: _Label
    description: _Description = ""
    kind: FieldKind
    required: bool = False
    public: bool = False
    position: _Position | None = None
    options: _Options = []
    minimum: _Bound | None = None
    maximum: _Bound | None = None


class CustomFieldUpdate(Request):
    """What an operator changes; what is left out stays. Answers that were given stay."""

    label: _Label | None = None
    description: _Description | None = None
    required: bool | None = None
    public: bool | None = None
    position: _Position | None = None
    options: _Options | None = None
    minimum: _Bound | None = None
    maximum: _Bound | None = None


class FieldAnswers(Request):
    """Answers to what is asked."""

    fields: Answers = {}


class CompetitionPerson(Response):
    """Somebody on a team, and what they answered; `email` is for the platform's administrators."""

    user_id: str
    display_name: str = ""
    email: str = ""
    team_id: str
    team_name: str = ""
    is_captain: bool = False
    joined_at: datetime | None = None
    fields: Annotated[
        dict[str, FieldValue], Field(description="Their answers here, by the name of the field")
    ] = {}
