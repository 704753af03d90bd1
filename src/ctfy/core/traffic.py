"""Recorded traffic as it is read: flows, and the HTTP Archive (HAR 1.2) made of them.

All of it is what a stranger said to a stranger: no field of it is to be believed.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class FlowMessage(TypedDict):
    """A request, with its method and path, or a response, with its status and reason.

    `body` holds at most 1 MiB of the `body_bytes` that were sent; as Base64 where it is no text.
    """

    headers: list[tuple[str, str]]
    body: str
    body_encoding: Literal["utf-8", "base64"]
    body_bytes: int
    truncated: bool
    http_version: NotRequired[str]
    method: NotRequired[str]
    path: NotRequired[str]
    status: NotRequired[int]
    reason: NotRequired[str]


FlowPart = TypedDict(
    "FlowPart",
    {
        "at": float,
        "from": Literal["client", "service"],
        "body": str,
        "body_encoding": Literal["utf-8", "base64"],
        "body_bytes": int,
    },
)
FlowPart.__doc__ = "A piece of a TCP stream, `at` Unix seconds."


class Flow(TypedDict):
    """An HTTP exchange with an instance, or one TCP stream. `started_at` in Unix seconds."""

    kind: Literal["http", "tcp"]
    service: str
    client: str
    started_at: float
    duration_ms: float
    request: NotRequired[FlowMessage | None]
    response: NotRequired[FlowMessage | None]
    bytes_from_client: NotRequired[int]
    bytes_from_service: NotRequired[int]
    truncated: NotRequired[bool]
    data: NotRequired[list[FlowPart]]


class Traffic(TypedDict):
    """What an instance's services were asked and answered, oldest first."""

    items: list[Flow]


class HarPair(TypedDict):
    """A header, or a parameter of a query."""

    name: str
    value: str


class HarText(TypedDict):
    """What was sent, its media type and its bytes; `encoding` is `base64` where it is no text."""

    mimeType: str
    text: NotRequired[str]
    encoding: NotRequired[str]
    size: NotRequired[int]
    comment: NotRequired[str]


class HarRequest(TypedDict):
    """A request. `url` is as it was said: it need not be one."""

    method: str
    url: str
    httpVersion: str
    headers: list[HarPair]
    queryString: list[HarPair]
    bodySize: int
    postData: NotRequired[HarText]


class HarResponse(TypedDict):
    """A response; `status` 0 where none came."""

    status: int
    statusText: str
    httpVersion: str
    headers: list[HarPair]
    content: HarText
    redirectURL: str
    bodySize: int


class HarEntry(TypedDict):
    """An exchange: `time` in milliseconds, `comment` the service."""

    startedDateTime: str
    time: float
    request: HarRequest
    response: HarResponse
    connection: str
    comment: str


class HarLog(TypedDict):
    """The exchanges, and what wrote them down."""

    version: str
    creator: dict[str, str]
    entries: list[HarEntry]


class Har(TypedDict):
    """An HTTP Archive, which browsers and proxies open."""

    log: HarLog
