"""Settings in, ASGI app out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import structlog
from fastapi import APIRouter, FastAPI, HTTPException, Response
from fastapi_swagger import patch_fastapi
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctfy import __version__
from ctfy.core import responses
from ctfy.server import web, worker
from ctfy.server.access.cookie import CookieSession
from ctfy.server.accounts import admin, me, users
from ctfy.server.accounts import routes as accounts
from ctfy.server.achievements import routes as achievements
from ctfy.server.activity import routes as activity
from ctfy.server.announcements import routes as announcements
from ctfy.server.challenges import fleet_routes
from ctfy.server.challenges import routes as challenges
from ctfy.server.competitions import routes as competitions
from ctfy.server.events import routes as events
from ctfy.server.incidents import routes as incidents
from ctfy.server.instances import admin as instances_admin
from ctfy.server.instances import routes as instances
from ctfy.server.kept import KeptAnswers
from ctfy.server.mcp import PATH as MCP_PATH
from ctfy.server.mcp import McpEndpoint
from ctfy.server.meta import routes as meta
from ctfy.server.models.base import ErrorResponse
from ctfy.server.nodes import routes as nodes
from ctfy.server.observability import metrics
from ctfy.server.observability import routes as observability
from ctfy.server.observability.counters import Metrics
from ctfy.server.platform import Platform
from ctfy.server.platform_settings import routes as platform_settings
from ctfy.server.records import routes as records
from ctfy.server.settings import Settings
from ctfy.server.shell import routes as shell
from ctfy.server.shell import socket as shell_socket
from ctfy.server.standings import routes as standings
from ctfy.server.submissions import routes as submissions
from ctfy.server.submissions.direct import DirectSubmissions
from ctfy.server.tasks import routes as tasks
from ctfy.server.teams import routes as teams

log = structlog.get_logger()

MAX_BODY = 256 * 1024
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_IMPORT = "/api/v1/admin/competitions/import"
_MAX_IMPORT = 256 * 1024 * 1024  # read by the route, once it knows who sends it


def _most(scope: Scope) -> int:
    return _MAX_IMPORT if scope["path"] == _IMPORT else MAX_BODY


def _too_large(most: int) -> dict[str, object]:
    return {"message": f"A request body holds at most {most} bytes.", "cap": most}


# The routes are tried in this order: the ones that are asked most come first.
_ROUTERS = (
    submissions.router,
    standings.router,
    challenges.router,
    fleet_routes.router,
    accounts.router,
    me.router,
    users.router,
    competitions.router,
    teams.router,
    instances.router,
    instances_admin.router,
    instances.in_competition,
    achievements.router,
    announcements.router,
    activity.router,
    nodes.router,
    nodes.admin,
    admin.router,
    incidents.router,
    records.router,
    platform_settings.router,
    tasks.router,
    events.router,
    observability.router,
    shell.router,
    shell_socket.router,
    meta.router,
)
_REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorResponse}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 502, 503)
}


def create_app(settings: Settings, *, with_worker: bool = True) -> FastAPI:
    """The platform's API on `settings.database_url`, which must be migrated.

    Raises ctfy.challenge.catalogue.BrokenChallenge when a challenge folder is wrong.
    """
    platform = Platform.create(settings)
    worker.register_tasks(platform)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await platform.open()
        working = asyncio.create_task(worker.work(platform)) if with_worker else None
        try:
            async with mcp.run():
                yield
        finally:
            if working is not None:
                working.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await working
            await platform.close()

    app = FastAPI(
        title="ctfy",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.platform = platform
    responses.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    app.add_middleware(DirectSubmissions, platform=platform)
    app.add_middleware(Guard, metrics=platform.metrics)
    kept = platform.metrics.answered_from_memory
    app.add_middleware(KeptAnswers, memory=platform.memory, count=kept)
    app.add_middleware(CookieSession, public_url=settings.url)
    api = APIRouter(prefix="/api/v1", responses=_REFUSALS)
    for router in _ROUTERS:
        api.include_router(router)
    app.include_router(api)
    mcp = McpEndpoint(platform, app)
    app.mount(MCP_PATH, mcp)
    app.include_router(metrics.router)
    patch_fastapi(app, redirect_from_root_to_docs=False, title="ctfy API")
    app.include_router(web.router)  # last: it takes every address that is left
    return app


class Guard:
    """Refuses what no route should see, and logs each request without its query.

    A query may hold the event stream's token. Plain ASGI, so that streams pass untouched.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, taken, most = time.perf_counter(), 0, 0, _most(scope)

        request_id = responses.begin_request(Headers(scope=scope).get("x-request-id", ""))

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413, _too_large(most))
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = (b"x-request-id", request_id.encode())
                headers = [*message["headers"], named, _NO_SNIFFING]
                message = {**message, "headers": headers}
            await send(message)

        try:
            target = _refusal(scope) or self._app
            await target(scope, counted, noted)
        finally:
            path, seconds = scope["path"], time.perf_counter() - started
            # A failure that no handler took is answered outside, with 500.
            route = _route_of(scope)
            self._metrics.answered(scope["method"], route, status or 500, seconds)
            (log.debug if path.endswith("/health") else log.info)(
                "request",
                method=scope["method"],
                path=path,
                status=status,
                ms=round(seconds * 1000, 1),
                request_id=request_id,
            )


def _route_of(scope: Scope) -> str:
    """What the metrics call a request: its route's template, for ids must not become labels."""
    path: str = scope["path"]
    route: str = getattr(scope.get("route"), "path", "")
    if path == "/api/v1/submissions":  # taken before the routes
        return path
    return f"/api/v1{route}" if route and path.startswith("/api/v1/") else route or "none"


def _refusal(scope: Scope) -> Response | None:
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length) > _most(scope):
        return responses.error_response(413, "payload_too_large", _too_large(_most(scope)))
    if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
        return responses.error_response(
            422, "validation_error", {"message": "NUL characters are not taken", "issues": []}
        )
    return None
