# Written by tools/async_sdk.py from ctfy/sdk/base.py.
# Change that file, then run the tool.
"""The transport under every client."""

from __future__ import annotations

import abc
import asyncio
import ssl
import time
import uuid
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import ValidationError

from ctfy import __version__
from ctfy.sdk.base import (
    _CONNECT_S,
    _PAGE,
    _REPEATABLE,
    _RESTART_S,
    DEFAULT_CLIENT_TIMEOUT,
    Model,
    _is_page,
    _judged,
    jittered_pause,
    log,
)
from ctfy.sdk.errors import BadAnswer, ConfigError, CtfyApiError
from ctfy.server.models.base import Page
from ctfy.server.models.meta import HealthResponse


class AsyncClosable(abc.ABC):
    """Something that holds connections, usable in a `with` statement."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Close the connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc: BaseException | None = None,
        tb: TracebackType | None = None,
    ) -> None:
        await self.close()


class AsyncBaseHttpClient(AsyncClosable):
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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/api/v1") + "/api/v1"
        self.token = token
        self.timeout = timeout
        self.max_retries = max_retries
        self.transport = transport
        self.http = self.new_http()
        self._answered = False

    def new_http(self) -> httpx.AsyncClient:
        """A connection pool of its own to the same server."""
        headers = {"User-Agent": f"ctfy/{__version__}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return httpx.AsyncClient(
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

    async def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Send a request to a path below `/api/v1`; the response, whatever its status.

        `kwargs` are those of httpx's `request`. Raises httpx.TransportError when the server cannot
        be reached.
        """
        method, began, attempt = (method.upper(), time.monotonic(), 0)
        if method == "POST" and self.max_retries:
            headers = httpx.Headers(kwargs.get("headers"))
            headers.setdefault("Idempotency-Key", uuid.uuid4().hex)
            kwargs["headers"] = headers
        while True:
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = await self.http.request(method, path, **kwargs)
            except httpx.TransportError as error:
                outcome = error
            state = _judged(outcome)
            self._answered = self._answered or isinstance(outcome, httpx.Response)
            patient = (
                self._answered and state.restarting and (time.monotonic() - began < _RESTART_S)
            )
            repeat = state.passing and self.max_retries and (attempt < self.max_retries or patient)
            if repeat and state.arrived and (method not in _REPEATABLE):
                repeat = method == "POST" and bool(self.token) and await self._keeps_keys()
            if not repeat:
                if isinstance(outcome, httpx.TransportError):
                    outcome.add_note(f"{method} {self.base_url}{path}")
                    raise outcome
                return outcome
            pause = state.retry_after or jittered_pause(attempt)
            log.warning("%s %s: %s; again in %.1f s", method, path, state.why, pause)
            await asyncio.sleep(pause)
            attempt += 1

    async def _keeps_keys(self) -> bool:
        """Whether the server does what a POST asks once for each key. Asked when it is back."""
        try:
            response = await self.request("GET", "/health")
            health = HealthResponse.model_validate_json(response.content)
        except (httpx.TransportError, ValidationError):
            return False
        return health.idempotency_keys

    async def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """The same as `request`, but raises CtfyApiError when the server refuses.

        Raises ConfigError where an id in `path` is empty or leads elsewhere.
        """
        if not {"", ".", ".."}.isdisjoint(path.split("/")[1:]):
            raise ConfigError(f"{path}: an id in it is empty, or none")
        response = await self.request(method, path, **kwargs)
        if response.is_redirect:
            to = response.headers.get("location", "")
            raise BadAnswer(f"{self.base_url} is elsewhere: {to}")
        if response.status_code >= 400:
            raise CtfyApiError.of(response)
        if _is_page(response):
            raise BadAnswer.page(path)
        return response

    async def fetch(self, model: type[Model], method: str, path: str, **kwargs: Any) -> Model:
        """Send a request; its answer as `model`. Raises what `call` does, and BadAnswer."""
        content = (await self.call(method, path, **kwargs)).content
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise BadAnswer(
                f"{path} answered no {model.__name__}: {where} {first['msg']}"
            ) from None

    async def fetch_page(self, model: type[Model], path: str, **params: Any) -> list[Model]:
        """The items of one page."""
        of: Any = Page
        items: list[Model] = (await self.fetch(of[model], "GET", path, params=params)).items
        return items

    async def pages(self, model: type[Model], path: str, **params: Any) -> AsyncIterator[Model]:
        """The items of a whole list, asked for page by page as they are taken."""
        offset = 0
        while True:
            items = await self.fetch_page(model, path, **params, offset=offset, limit=_PAGE)
            for item in items:
                yield item
            offset += len(items)
            if len(items) < _PAGE:
                return

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()
