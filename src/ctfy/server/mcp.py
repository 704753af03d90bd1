"""The MCP endpoint: the tools, called with the caller's own token and nothing more.

A tool's request goes through the whole API of this process, so permissions, limits, logs and
errors are the ones of any other client.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ctfy.core.errors import CtfyError
from ctfy.core.responses import error_response
from ctfy.server.access.caller import bearer_token, identify

if TYPE_CHECKING:
    from ctfy.mcp.server import CtfyTools
    from ctfy.sdk.aio import AsyncPlatformClient

PATH = "/api/v1/mcp"


class McpEndpoint:
    """An ASGI app at PATH; `run` must be entered while it serves.

    Stateless, so that any replica answers any request. A browser sends no bearer token by itself,
    so the library's guard against DNS rebinding has nothing to protect here. The library is an
    eighth of what a server loads, so the first request loads it.
    """

    def __init__(self, api: ASGIApp) -> None:
        self._api = api
        self._serving: asyncio.Task[None] | None = None
        self._app: asyncio.Future[ASGIApp]

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serve while in here."""
        try:
            yield
        finally:
            if self._serving is not None:
                self._serving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._serving

    async def _serve(self) -> None:
        """Serve until cancelled; a task, for the library must be left where it was entered."""
        try:
            tools = await asyncio.to_thread(self._tools)
            app = tools.streamable_http_app(
                streamable_http_path="/",
                stateless_http=True,
                transport_security=_no_guard(),
            )
            async with tools.session_manager.run():
                self._app.set_result(app)
                await asyncio.Event().wait()
        except Exception as error:
            if self._app.done():
                raise
            self._app.set_exception(error)
        finally:
            self._app.cancel()  # whoever waits for it still

    def _tools(self) -> CtfyTools:
        from ctfy.mcp.server import CtfyTools

        return CtfyTools(self._client_of)

    def _client_of(self, request: Any) -> AsyncPlatformClient:
        transport = httpx.ASGITransport(
            app=self._api,
            raise_app_exceptions=False,
            client=tuple(request.scope.get("client") or ("127.0.0.1", 0)),
        )
        from ctfy.sdk.aio import AsyncPlatformClient

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
        if self._serving is None or self._serving.done():
            self._app = asyncio.get_running_loop().create_future()
            self._serving = asyncio.create_task(self._serve())
        app = await asyncio.shield(self._app)
        if scope["path"] == PATH:
            scope = {**scope, "path": f"{PATH}/", "root_path": PATH}
        await app(scope, receive, send)


def _no_guard() -> Any:
    from mcp.server.transport_security import TransportSecuritySettings

    return TransportSecuritySettings(enable_dns_rebinding_protection=False)
