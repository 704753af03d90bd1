"""What every answer on the wire shares."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast

T = TypeVar("T")

# A list that a node gives: it may be long, and the first thing wrong with it is enough.
Unbelieved = Annotated[list[T], FailFast()]


class Response(BaseModel):
    """What the server answers. Clients ignore fields they do not know.

    A field with a default may be missing in what an older server answers. This one sends them all,
    so the API's document promises them all.
    """

    model_config = ConfigDict(
        extra="ignore",
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
        defer_build=True,  # its validator is made when it is first used: no program uses them all
    )
