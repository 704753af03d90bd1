"""What every wire type shares."""

from __future__ import annotations

import re
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from ctfy.core.errors import ErrorResponse as ErrorResponse
from ctfy.core.wire import Response as Response
from ctfy.core.wire import Unbelieved as Unbelieved

T = TypeVar("T")


class Request(BaseModel):
    """What the server is asked. An unknown field is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, data: Any) -> Any:
        return without_nul(data)


def without_nul(data: Any) -> Any:
    """`data` as it is. Raises ValueError where a text in it is none that PostgreSQL stores.

    That is one with a NUL, and one with half of a surrogate pair, which JSON can write.
    """
    waiting = [data]  # no recursion: whoever sends it chooses how deep it goes
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if "\x00" in value:
                raise ValueError("text may not hold NUL characters")
            if not value.isascii() and _SURROGATE.search(value):
                raise ValueError("text may not hold half of a surrogate pair")
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
    return data


_SURROGATE = re.compile("[\ud800-\udfff]")


class Page(Response, Generic[T]):
    """One page of a list: `total` counts the whole list."""

    items: list[T]
    total: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=1)]
    offset: Annotated[int, Field(ge=0)]


class BigLimitOffsetPage(Page[T], Generic[T]):
    """A page of the lists that give more at once; clients of before know it by this name."""


class ListOf(RootModel[Unbelieved[T]], Generic[T]):
    """A bare list, for the few answers that are one."""
