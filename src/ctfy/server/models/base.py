"""What every wire type shares."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from ctfy.core.errors import ErrorResponse as ErrorResponse

T = TypeVar("T")


class Response(BaseModel):
    """What the server answers. Clients ignore fields they do not know."""

    model_config = ConfigDict(extra="ignore")


class Request(BaseModel):
    """What the server is asked. An unknown field is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, data: Any) -> Any:
        """PostgreSQL stores no NUL characters, so none is taken."""
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


class ListOf(RootModel[list[T]], Generic[T]):
    """A bare list, for the few answers that are one."""
