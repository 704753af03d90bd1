"""The transport under every client."""

from __future__ import annotations

import abc
import random
import time
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from ctfy import __version__
from ctfy.sdk.errors import CtfyApiError
from ctfy.server.models.base import Page

DEFAULT_CLIENT_TIMEOUT = 30
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_PASSING = frozenset({502, 503, 504})
_FINAL_CODES = frozenset({"question_attempt_cap_exceeded", "capacity_exceeded"})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 8.0

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
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


class BaseHttpClient(Closable):
    """One server, one token, one pool of connections; may be shared between threads.

    A request is repeated, after a growing and jittered pause, when the connection was refused,
    on 429 (as `Retry-After` says), and, where a second time does no harm (GET, PUT, DELETE), when
    the connection broke or a proxy answered 502 to 504. A POST that may have arrived is never
    sent again.
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
        self.base_url = base_url.rstrip("/") + "/api/v1"
        self.token = token
        self.timeout = timeout
        self.max_retries = max_retries
        self.transport = transport
        self.http = self.new_http()

    def new_http(self, timeout: httpx.Timeout | None = None) -> httpx.Client:
        """A connection pool of its own to the same server."""
        headers = {"User-Agent": f"ctfy/{__version__}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return httpx.Client(
            base_url=self.base_url,
            headers=headers,
            timeout=timeout or self.timeout,
            transport=self.transport,
        )

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Send a request; the response, which is below 400.

        Raises CtfyApiError when the server refuses, httpx.TransportError when it cannot be
        reached.
        """
        for attempt in range(self.max_retries + 1):
            last = attempt == self.max_retries
            try:
                response = self.http.request(method, path, **kwargs)
            except httpx.TransportError as error:
                arrived = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
                if last or (arrived and method not in _REPEATABLE):
                    raise
                time.sleep(_pause(attempt))
                continue
            if response.status_code < 400:
                return response
            refusal = CtfyApiError.of(response)
            passing = response.status_code == 429 or (
                response.status_code in _PASSING and method in _REPEATABLE
            )
            if last or not passing or refusal.code in _FINAL_CODES:
                raise refusal
            time.sleep(_retry_after(response) or _pause(attempt))
        raise AssertionError("unreachable")

    def fetch(self, model: type[Model], method: str, path: str, **kwargs: Any) -> Model:
        """Send a request; its answer as `model`."""
        return model.model_validate_json(self.request(method, path, **kwargs).content)

    def fetch_page(self, model: type[Model], path: str, **params: Any) -> list[Model]:
        """The items of one page."""
        of: Any = Page  # a model made at run time is no type to a checker
        items: list[Model] = self.fetch(of[model], "GET", path, params=params).items
        return items

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def written(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with their times as JSON has them."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in fields.items()}


def _pause(attempt: int) -> float:
    """Exponential backoff with full jitter, seconds."""
    ceiling = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt)
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, no secret


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return min(float(value), 60.0) if value.isdecimal() else None


def growing_pauses(first: float, longest: float) -> Iterator[float]:
    """Pauses for polling: quick at first, then ever slower up to `longest`, seconds."""
    pause = first
    while True:
        yield min(pause, longest)
        pause *= 1.5
