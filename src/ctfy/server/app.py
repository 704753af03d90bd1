"""Settings in, ASGI app out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import structlog
from fastapi import FastAPI, Request, Response
from fastapi_swagger import patch_fastapi
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ctfy import __version__
from ctfy.core import responses
from ctfy.core.body_limit import BodyLimit
from ctfy.core.request_headers import SingleHeaders
from ctfy.server import pages, web, worker
from ctfy.server.access.caller import Authenticator
from ctfy.server.access.cookie import CookieSession
from ctfy.server.accounts import avatars
from ctfy.server.accounts.people_import import routes as import_routes
from ctfy.server.cache import Cache
from ctfy.server.challenges import editing_routes, foreign_routes, version_routes
from ctfy.server.database.connections import away
from ctfy.server.database.turns import overloaded
from ctfy.server.domains import DOMAINS
from ctfy.server.kernel import assemble, connected
from ctfy.server.mcp import PATH as MCP_PATH
from ctfy.server.mcp import McpEndpoint
from ctfy.server.observability import metrics as prometheus
from ctfy.server.observability.counters import Metrics
from ctfy.server.response_cache import ResponseCache
from ctfy.server.route_table import RouteTable
from ctfy.server.services import Application, Services
from ctfy.server.settings import Settings
from ctfy.server.site import routes as site_routes
from ctfy.server.site.pictures import MOST_BYTES
from ctfy.server.submissions.fast_path import TAKEN, FastSubmissions
from ctfy.server.submissions.service import Submissions
from ctfy.server.teams import logos
from ctfy.server.writeups import routes as writeup_routes

log = structlog.get_logger()

MAX_BODY = 256 * 1024
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
# Bytes of what routes read themselves, once they know who sends it.
_LARGER = {
    "/api/v1/admin/competitions/import": 256 * 1024 * 1024,
    version_routes.PUSH: version_routes.MOST_ARCHIVE,
    foreign_routes.TAKE: version_routes.MOST_ARCHIVE,
    **site_routes.UPLOADS,
    import_routes.TAKE: import_routes.MOST_BYTES,
}


def _most(scope: Scope) -> int:
    if writeup_routes.PDF.fullmatch(scope["path"]):
        return writeup_routes.MOST_PDF_BYTES
    if avatars.UPLOADS.fullmatch(scope["path"]) or logos.UPLOADS.fullmatch(scope["path"]):
        return MOST_BYTES
    if editing_routes.FILES.fullmatch(scope["path"]):
        return version_routes.MOST_ARCHIVE
    return _LARGER.get(scope["path"], MAX_BODY)


def create_app(settings: Settings, *, with_worker: bool = True) -> Application:
    """The platform's API on `settings.database_url`, which must be migrated.

    Raises FileNotFoundError where there is no challenges folder.
    """
    services = assemble(settings, DOMAINS)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with connected(services), mcp.run(), _working(services if with_worker else None):
            yield

    app = Application(
        title="ctfy",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.services = services
    authenticator, metrics = services.get(Authenticator), services.get(Metrics)
    responses.install(app)
    app.add_exception_handler(OperationalError, _database_is_away)
    app.add_exception_handler(PoolTimeout, _no_connection)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    app.add_middleware(
        FastSubmissions, authenticator=authenticator, submissions=services.get(Submissions)
    )
    app.add_middleware(BodyLimit, most=_most)
    app.add_middleware(Guard, metrics=metrics)
    app.add_middleware(ResponseCache, cache=services.get(Cache), count=metrics.answered_from_cache)
    app.add_middleware(CookieSession, public_url=settings.url)
    # The caller's address is the proxy's word where the operators trust the proxy, else nobody's.
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.proxies)
    app.add_middleware(SingleHeaders)
    for router in (*(router for domain in DOMAINS for router in domain.routers), *pages.ROUTERS):
        app.router.routes += router.routes
    mcp = McpEndpoint(app)
    app.router.routes.append(Route(MCP_PATH, mcp))  # both, for a client may not follow a redirect
    app.mount(MCP_PATH, mcp)
    app.include_router(prometheus.router)
    patch_fastapi(app, redirect_from_root_to_docs=False, title="ctfy API")
    app.include_router(web.router)  # last: it takes every address that is left
    app.router.middleware_stack = RouteTable(app.router.app, app.routes)
    return app


async def _database_is_away(_: Request, __: Exception) -> Response:
    return responses.refusal(away())


async def _no_connection(_: Request, __: Exception) -> Response:
    return responses.refusal(overloaded())


@contextlib.asynccontextmanager
async def _working(services: Services | None) -> AsyncIterator[None]:
    """While in here, this process also works, if it is to."""
    working = asyncio.create_task(worker.work(services)) if services else None
    try:
        yield
    finally:
        if working is not None:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working


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
        started, status = time.perf_counter(), 0

        request_id = responses.begin_request(Headers(scope=scope).get("x-request-id", ""))

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
            await target(scope, receive, noted)
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
    if scope["path"] in TAKEN:  # before the routes
        return str(scope["path"])
    return getattr(scope.get("route"), "path", "") or "none"


def _refusal(scope: Scope) -> Response | None:
    if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
        return responses.error_response(
            422, "validation_error", {"message": "NUL characters are not taken", "issues": []}
        )
    return None
