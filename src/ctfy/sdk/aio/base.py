# Written by tools/async_sdk.py from ctfy/sdk/base.py.
# Change that file, then run the tool.
"""The transport under every client."""

from __future__ import annotations

import abc
import asyncio
from types import TracebackType
from typing import Any, Self

import httpx

from ctfy import __version__
from ctfy.sdk.base import (
    _FINAL_CODES,
    _PASSING,
    _REPEATABLE,
    DEFAULT_CLIENT_TIMEOUT,
    Model,
    _pause,
    _retry_after,
)
from ctfy.sdk.errors import CtfyApiError
from ctfy.server.models.base import Page


class AsyncClosable(abc.ABC):
    """Something that holds connections, usable in a `with` statement."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Close the connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncBaseHttpClient(AsyncClosable):
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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/") + "/api/v1"
        self.token = token
        self.timeout = timeout
        self.max_retries = max_retries
        self.transport = transport
        self.http = self.new_http()

    def new_http(self, timeout: httpx.Timeout | None = None) -> httpx.AsyncClient:
        """A connection pool of its own to the same server."""
        headers = {"User-Agent": f"ctfy/{__version__}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return httpx.AsyncClient(
            base_url=self.base_url,
            headers=headers,
            timeout=timeout or self.timeout,
            transport=self.transport,
        )

    async def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Send a request; the response, which is below 400.

        Raises CtfyApiError when the server refuses, httpx.TransportError when it cannot be
        reached.
        """
        for attempt in range(self.max_retries + 1):
            last = attempt == self.max_retries
            try:
                response = await self.http.request(method, path, **kwargs)
            except httpx.TransportError as error:
                arrived = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
                if last or (arrived and method not in _REPEATABLE):
                    raise
                await asyncio.sleep(_pause(attempt))
                continue
            if response.status_code < 400:
                return response
            refusal = CtfyApiError.of(response)
            passing = response.status_code == 429 or (
                response.status_code in _PASSING and method in _REPEATABLE
            )
            if last or not passing or refusal.code in _FINAL_CODES:
                raise refusal
            await asyncio.sleep(_retry_after(response) or _pause(attempt))
        raise AssertionError("unreachable")

    async def fetch(self, model: type[Model], method: str, path: str, **kwargs: Any) -> Model:
        """Send a request; its answer as `model`."""
        return model.model_validate_json((await self.request(method, path, **kwargs)).content)

    async def fetch_page(self, model: type[Model], path: str, **params: Any) -> list[Model]:
        """The items of one page."""
        of: Any = Page
        items: list[Model] = (await self.fetch(of[model], "GET", path, params=params)).items
        return items

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()
