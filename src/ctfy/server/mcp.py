"""The MCP endpoint: the tools, called with the caller's own token and nothing more.

A tool's request goes through the whole API of this process, so permissions, limits, logs and
errors are the ones of any other client.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ctfy.core.errors import CtfyError
from ctfy.core.responses import error_response
from ctfy.mcp.server import CtfyTools
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.access.caller import bearer_token, identify

PATH = "/api/v1/mcp"


class McpEndpoint:
    """An ASGI app at PATH; `run` must be entered while it serves.

    Stateless, so that any replica answers any request. A browser sends no bearer token by itself,
    so the library's guard against DNS rebinding has nothing to protect here.
    """

    def __init__(self, api: ASGIApp) -> None:
        self._api = api
        self._tools = CtfyTools(self._client_of)
        self._app = self._tools.streamable_http_app(
            streamable_http_path="/",
            stateless_http=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serve while in here."""
        async with self._tools.session_manager.run():
            yield

    def _client_of(self, request: Any) -> AsyncPlatformClient:
        transport = httpx.ASGITransport(
            app=self._api,
            raise_app_exceptions=False,
            client=tuple(request.scope.get("client") or ("127.0.0.1", 0)),
        )
        return AsyncPlatformClient(
            "http://platform", bearer_token(request), max_retries=0, timeout=60, transport=transport
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of somebody signed in."""
        try:
            request = Request(scope)
            await identify(request, bearer_token(request))
        except CtfyError as error:
            refused: Response = error_response(
                error.status, error.code, error.detail, headers=error.headers
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)
