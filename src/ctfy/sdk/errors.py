"""What the SDK raises.

A refusal of the server is a `CtfyApiError` and an `httpx.HTTPStatusError` at once, of a class of
its own where somebody may want to catch that kind alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx
from pydantic_core import from_json

from ctfy.core import exceptions

# What a server of an earlier version says of a route that came after it, in words for people.
_NOT_THERE = (
    "the server has nothing of that kind; it may be older than this client, or its URL is wrong"
)


class CtfyError(exceptions.PlatformError):
    """The root of all SDK errors."""


class ConfigError(CtfyError, exceptions.ConfigError, ValueError):
    """A client was given a URL, a token or an id that can be none."""


class CtfyApiError(CtfyError, httpx.HTTPStatusError):
    """The server refused: `status_code`, its stable `code`, and `detail` in its own words.

    `request_id` stands in the server's log. `request` and `response` are httpx's.
    """

    status_code: int
    code: str
    detail: Any
    request_id: str

    def __init__(self, response: httpx.Response, code: str, detail: Any, request_id: str) -> None:
        self.status_code = response.status_code
        self.code = code
        self.detail = detail
        self.request_id = request_id
        message = f"{self.reason} [{self.status_code} {code}]"
        httpx.HTTPStatusError.__init__(
            self, message, request=_request_of(response), response=response
        )

    @property
    def reason(self) -> str:
        """The sentence of `detail`."""
        detail = self.detail
        return str(detail.get("message", detail) if isinstance(detail, dict) else detail)

    @classmethod
    def of(cls, response: httpx.Response) -> CtfyApiError:
        """The error that a response holds, also when a proxy in between wrote it."""
        named = response.headers.get("x-request-id", "")
        try:
            body = from_json(response.content)  # which no nesting and no half character upsets
            code, detail = str(body["code"]), body["detail"]
            request_id = str(body.get("request_id") or named)
        except (ValueError, KeyError, TypeError):
            code, detail = "http_error", response.text[:200] or response.reason_phrase
            if response.headers.get("content-type", "").startswith("text/html"):
                detail = f"{response.reason_phrase}: a page came, not the answer of a ctfy server"
            if response.status_code == 405:
                code, detail = "method_not_allowed", _NOT_THERE
            request_id = named
        kind = cls
        if cls is CtfyApiError:
            kind = _BY_CODE.get(code) or _BY_STATUS.get(response.status_code, CtfyApiError)
        return kind(response, code, detail, request_id)


def _request_of(response: httpx.Response) -> httpx.Request:
    try:
        return response.request
    except RuntimeError:  # httpx's, for a response that was made by hand
        return httpx.Request("GET", "")


class UnauthorizedError(CtfyApiError, exceptions.NotAuthorizedError):
    """401: no token, or one that is not (or no longer) valid."""


class ForbiddenError(CtfyApiError, exceptions.ForbiddenError):
    """403: a token without the right."""


class NotFoundError(CtfyApiError):
    """404: no such thing, or none that the caller may know of."""


class ConflictError(CtfyApiError, exceptions.StateError):
    """409: the thing is in a state that does not allow it."""


class CapacityError(CtfyApiError, exceptions.CapacityExceededError):
    """`capacity_exceeded`: the platform is full, or the team has all that it may have."""


class ValidationIssue(NamedTuple):
    """One thing that is wrong with a request: where, what in words, and what kind of wrong."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class ValidationError(CtfyApiError):
    """422: what was sent is wrong; `issues` says what, field by field."""

    @property
    def issues(self) -> list[ValidationIssue]:
        """What is wrong; empty where the server names no fields."""
        found = self.detail.get("issues") if isinstance(self.detail, dict) else None
        return [
            ValidationIssue(
                tuple(i.get("loc") or ()), str(i.get("msg", "")), str(i.get("type", ""))
            )
            for i in (found if isinstance(found, list) else [])
            if isinstance(i, dict)
        ]


class RateLimitedError(CtfyApiError, exceptions.RateLimitError):
    """429: too often; `retry_after` says for how many seconds to wait."""

    @property
    def retry_after(self) -> float | None:
        """Seconds, where the server says so."""
        value = self.response.headers.get("retry-after", "")
        return float(value) if value.isdecimal() else None


class AttemptCapError(CtfyApiError):
    """429 `question_attempt_cap_exceeded`: no attempt is left on that question."""


class ServerError(CtfyApiError):
    """5xx: it is not the caller's fault."""


class NodeRefusal(CtfyApiError, exceptions.NodeRequestError):
    """A node refused."""


_BY_CODE: dict[str, type[CtfyApiError]] = {
    "capacity_exceeded": CapacityError,
    "question_attempt_cap_exceeded": AttemptCapError,
}
_BY_STATUS: dict[int, type[CtfyApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: ValidationError,
    429: RateLimitedError,
    **dict.fromkeys((500, 502, 503, 504), ServerError),
}


class BadAnswer(CtfyError):
    """What came is no answer of this API: something else, or more of it than there can be."""

    @classmethod
    def page(cls, path: str) -> BadAnswer:
        """The web interface's page came, as older servers answer what they do not know."""
        return cls(f"{path}: {_NOT_THERE}")


# In words, what the instances wait for that the wire has names for (`InstanceStatusResponse`).
WAITING_FOR = {
    "node": ": no node takes instances now",
    "labels": ": no node has the labels that the challenge asks for",
    "memory": ": the nodes are short of memory or disk",
    "place": ": every node is full",
}


class InstanceFailed(CtfyError, exceptions.InstanceStartError, RuntimeError):
    """An instance ended in `error` instead of becoming ready."""

    def __init__(self, instance_id: str, error: str) -> None:
        super().__init__(instance_id, error)
        self.error = error


class StartTimeout(CtfyError, TimeoutError):
    """An instance was not ready in time; it may still become so.

    `queue_position` says where it waits for a node, 0: not waiting; `waiting_for`, for what.
    """

    def __init__(
        self, instance_id: str, timeout: float, queue_position: int, waiting_for: str = ""
    ) -> None:
        why = WAITING_FOR.get(waiting_for, "")
        waiting = f", number {queue_position} in the queue{why}" if queue_position else ""
        super().__init__(f"instance {instance_id} was not ready after {timeout:g} s{waiting}")
        self.instance_id = instance_id
        self.queue_position = queue_position
        self.waiting_for = waiting_for
