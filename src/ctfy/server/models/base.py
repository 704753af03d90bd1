"""What every wire type shares."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field, RootModel, model_validator

from ctfy.core.errors import ErrorResponse as ErrorResponse

T = TypeVar("T")

# A list that a node gives: it may be long, and the first thing wrong with it is enough.
Unbelieved = Annotated[list[T], FailFast()]


class Response(BaseModel):
    """What the server answers. Clients ignore fields they do not know."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class Request(BaseModel):
    """What the server is asked. An unknown field is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, data: Any) -> Any:
        return without_nul(data)


def without_nul(data: Any) -> Any:
    """`data` as it is. PostgreSQL stores no NUL characters: raises ValueError where there are."""
    if _holds_nul(data):
        raise ValueError("text may not hold NUL characters")
    return data


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(k) or _holds_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


class Page(Response, Generic[T]):
    """One page of a list: `total` counts the whole list."""

    items: list[T]
    total: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=1)]
    offset: Annotated[int, Field(ge=0)]


class ListOf(RootModel[Unbelieved[T]], Generic[T]):
    """A bare list, for the few answers that are one."""
