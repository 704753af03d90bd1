"""One error tree, and the envelope that each error travels in. Knows no web framework."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class CtfyError(Exception):
    """A refusal that the caller is told: a status, a stable code, a sentence and its context."""

    status = 400

    def __init__(
        self, code: str, message: str, *, headers: dict[str, str] | None = None, **context: Any
    ) -> None:
        super().__init__(message)
        self.code = code
        self.detail: Any = {"message": message, **context} if context else message
        self.headers = headers


class Unauthorized(CtfyError):
    """Nobody, or a token that is not (or no longer) valid."""

    status = 401


class Forbidden(CtfyError):
    """Somebody without the right."""

    status = 403


class NotFound(CtfyError):
    """No such thing, or none that the caller may know of."""

    status = 404


class Conflict(CtfyError):
    """The thing is in a state that does not allow it."""

    status = 409


class Invalid(CtfyError):
    """The request itself is wrong."""

    status = 422


class TooMany(CtfyError):
    """Too often; `Retry-After` says when again."""

    status = 429


class Unavailable(CtfyError):
    """Not now: no room left."""

    status = 503


def field_error(loc: list[str | int], message: str, kind: str = "value_error") -> Invalid:
    """A `validation_error` on one field, shaped like those that the models raise themselves."""
    return Invalid(
        "validation_error",
        f"{'.'.join(map(str, loc[1:]))}: {message}",
        issues=[{"loc": loc, "msg": message, "type": kind}],
    )


class ErrorResponse(BaseModel):
    """The body of every 4xx and 5xx answer."""

    model_config = ConfigDict(extra="ignore")

    code: str = Field(description="A stable word for the case, for programs")
    detail: Any = Field(description="A sentence, or an object with `message` and context")
    request_id: str = Field("", description="Stands in the server's log, too")
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))
