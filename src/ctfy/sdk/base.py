"""The transport under every client."""

from __future__ import annotations

import abc
import logging
import random
import ssl
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from ctfy import __version__
from ctfy.sdk.errors import BadAnswer, ConfigError, CtfyApiError
from ctfy.server.models.base import Page
from ctfy.server.models.meta import HealthResponse

DEFAULT_CLIENT_TIMEOUT = 600
_CONNECT_S = 10.0
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_PASSING = frozenset({502, 503, 504})
_FINAL_CODES = frozenset({"question_attempt_cap_exceeded", "capacity_exceeded"})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 8.0
# A server that has answered before is waited for as long as a restart may take.
_RESTART_S = 120.0
_PAGE = 100

log = logging.getLogger("ctfy.sdk")

Model = TypeVar("Model", bound=BaseModel)


class Closable(abc.ABC):
    """Something that holds connections, usable in a `with` statement."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc: BaseException | None = None,
        tb: TracebackType | None = None,
    ) -> None:
        self.close()


class BaseHttpClient(Closable):
    """One server, one token, one pool of connections; may be shared between threads.

    A request is repeated, after a growing and jittered pause, when the connection was refused,
    on 429 (as `Retry-After` says), and, where a second time does no harm, when the connection broke
    or a proxy answered 502 to 504. That is so for GET, PUT and DELETE; and for a POST with a token
    when the server says that it keeps idempotency keys, of which each POST carries one.

    `max_retries` times at most, or, once the server has answered this client at all, for the two
    minutes that its restart may take. 0: nothing is repeated.

    `timeout`, in seconds, is for each read; a connection is made within ten. The logger `ctfy.sdk`
    says what is repeated, and why.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        timeout: int = DEFAULT_CLIENT_TIMEOUT,
        max_retries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/api/v1") + "/api/v1"
        self.token = token
        self.timeout = timeout
        self.max_retries = max_retries
        self.transport = transport
        self.http = self.new_http()
        self._answered = False

    def new_http(self) -> httpx.Client:
        """A connection pool of its own to the same server."""
        headers = {"User-Agent": f"ctfy/{__version__}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return httpx.Client(
            base_url=self.base_url,
            headers=headers,
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, _CONNECT_S)),
            transport=self.transport,
            verify=self._certificates(),
        )

    def _certificates(self) -> ssl.SSLContext | bool:
        """What a server's certificate is held against: what httpx trusts.

        To load that takes a tenth of a second and 3 MB, so a server without https has none loaded;
        should a request lead to https even so, no certificate is trusted.
        """
        if self.base_url.lower().startswith("https:"):
            return True
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Send a request to a path below `/api/v1`; the response, whatever its status.

        `kwargs` are those of httpx's `request`. Raises httpx.TransportError when the server cannot
        be reached.

        >>> client.request("GET", "/health").json()["version"]
        """
        method, began, attempt = method.upper(), time.monotonic(), 0
        if method == "POST" and self.max_retries:
            headers = httpx.Headers(kwargs.get("headers"))
            headers.setdefault("Idempotency-Key", uuid.uuid4().hex)
            kwargs["headers"] = headers
        while True:
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = self.http.request(method, path, **kwargs)
            except httpx.TransportError as error:
                outcome = error
            state = _judged(outcome)
            self._answered = self._answered or isinstance(outcome, httpx.Response)
            patient = self._answered and state.restarting and time.monotonic() - began < _RESTART_S
            repeat = state.passing and self.max_retries and (attempt < self.max_retries or patient)
            if repeat and state.arrived and method not in _REPEATABLE:
                # Keys are kept for whoever is signed in.
                repeat = method == "POST" and bool(self.token) and self._keeps_keys()
            if not repeat:
                if isinstance(outcome, httpx.TransportError):
                    outcome.add_note(f"{method} {self.base_url}{path}")
                    raise outcome
                return outcome
            pause = state.retry_after or jittered_pause(attempt)
            log.warning("%s %s: %s; again in %.1f s", method, path, state.why, pause)
            time.sleep(pause)
            attempt += 1

    def _keeps_keys(self) -> bool:
        """Whether the server does what a POST asks once for each key. Asked when it is back."""
        try:
            response = self.request("GET", "/health")
            health = HealthResponse.model_validate_json(response.content)
        except (httpx.TransportError, ValidationError):
            return False
        return health.idempotency_keys

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The same as `request`, but raises CtfyApiError when the server refuses.

        Raises ConfigError where an id in `path` is empty or leads elsewhere.
        """
        if not {"", ".", ".."}.isdisjoint(path.split("/")[1:]):
            raise ConfigError(f"{path}: an id in it is empty, or none")
        response = self.request(method, path, **kwargs)
        if response.is_redirect:
            to = response.headers.get("location", "")
            raise BadAnswer(f"{self.base_url} is elsewhere: {to}")
        if response.status_code >= 400:
            raise CtfyApiError.of(response)
        if _is_page(response):
            raise BadAnswer.page(path)
        return response

    def fetch(self, model: type[Model], method: str, path: str, **kwargs: Any) -> Model:
        """Send a request; its answer as `model`. Raises what `call` does, and BadAnswer."""
        content = self.call(method, path, **kwargs).content
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise BadAnswer(
                f"{path} answered no {model.__name__}: {where} {first['msg']}"
            ) from None

    def fetch_page(self, model: type[Model], path: str, **params: Any) -> list[Model]:
        """The items of one page."""
        of: Any = Page  # a model made at run time is no type to a checker
        items: list[Model] = self.fetch(of[model], "GET", path, params=params).items
        return items

    def pages(self, model: type[Model], path: str, **params: Any) -> Iterator[Model]:
        """The items of a whole list, asked for page by page as they are taken."""
        offset = 0
        while True:
            items = self.fetch_page(model, path, **params, offset=offset, limit=_PAGE)
            for item in items:  # noqa: UP028 - the asynchronous twin has no `yield from`
                yield item
            offset += len(items)
            if len(items) < _PAGE:
                return

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def check_address(base_url: str | None, token: str | None) -> None:
    """Raises ConfigError for what can only be a slip, without repeating the token.

    None is what `os.environ.get` gives for a variable that is not set.
    """
    if base_url is None or token is None:
        raise ConfigError(f"the {'token' if base_url else 'URL of the server'} is None")
    try:
        parts = urlsplit(base_url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole:
        bare = base_url.strip().rpartition("//")[2] or "127.0.0.1:8100"
        raise ConfigError(f"{base_url!r} is no URL of a server: write 'http://{bare}'")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigError("the token holds a space, a line break or another stray character")


def _is_page(response: httpx.Response) -> bool:
    """Whether a page for people came; a file that is one says its name."""
    headers = response.headers
    return (
        headers.get("content-type", "").startswith("text/html")
        and "content-disposition" not in headers
    )


class _Judged(NamedTuple):
    """What became of a request: may it pass, may it have arrived, is the server away?"""

    passing: bool
    arrived: bool
    restarting: bool
    why: str
    retry_after: float | None = None


def _judged(outcome: httpx.Response | httpx.TransportError) -> _Judged:
    if isinstance(outcome, httpx.TransportError):
        arrived = not isinstance(outcome, (httpx.ConnectError, httpx.ConnectTimeout))
        why = f"{type(outcome).__name__} {outcome}".strip()
        return _Judged(passing=True, arrived=arrived, restarting=True, why=why)
    if outcome.status_code not in _PASSING and outcome.status_code not in (409, 429):
        return _Judged(False, True, False, "")
    code = CtfyApiError.of(outcome).code
    undone = outcome.status_code == 429 or code == "request_in_progress"
    return _Judged(
        passing=code not in _FINAL_CODES and (undone or outcome.status_code in _PASSING),
        arrived=not undone,
        restarting=code == "http_error",  # the word of a proxy before it, not its own
        why=f"{outcome.status_code} {code}",
        retry_after=_retry_after(outcome),
    )


def written(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with their times as JSON has them."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in fields.items()}


def uploaded(content: bytes | BinaryIO) -> dict[str, Any]:
    """A file as the body of a request; whole, since a stream could not be sent once more."""
    return {
        "content": content if isinstance(content, bytes) else content.read(),
        "headers": {"Content-Type": "application/octet-stream"},
    }


def jittered_pause(attempt: int) -> float:
    """How long to wait before an attempt is repeated: exponential, jittered, seconds."""
    least = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt)
    return random.uniform(least, 1.5 * least)  # noqa: S311 - jitter, no secret


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return min(float(value), 60.0) if value.isdecimal() else None


def growing_pauses(first: float, longest: float) -> Iterator[float]:
    """Pauses for polling: quick at first, then ever slower up to `longest`, seconds."""
    pause = first
    while True:
        yield min(pause, longest)
        pause *= 1.5
