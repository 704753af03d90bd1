"""Settings in, ASGI app out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi_swagger import patch_fastapi

from ctfy import __version__
from ctfy.server import errors, worker
from ctfy.server.accounts import routes as accounts
from ctfy.server.competitions import routes as competitions
from ctfy.server.events import routes as events
from ctfy.server.instances import routes as instances
from ctfy.server.meta import routes as meta
from ctfy.server.models.base import ErrorResponse
from ctfy.server.nodes import routes as nodes
from ctfy.server.platform import Platform
from ctfy.server.settings import Settings
from ctfy.server.standings import routes as standings
from ctfy.server.submissions import routes as submissions
from ctfy.server.teams import routes as teams

log = structlog.get_logger()

MAX_BODY = 256 * 1024
_DOMAINS = (accounts, competitions, teams, instances, submissions, standings, nodes, events, meta)
_REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorResponse} for status in (400, 401, 403, 404, 409, 422, 429, 502, 503)
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
    errors.install(app)
    app.middleware("http")(_guard)
    api = APIRouter(prefix="/api/v1", responses=_REFUSALS)
    for domain in _DOMAINS:
        api.include_router(domain.router)
    app.include_router(api)
    app.include_router(meta.home)
    patch_fastapi(app, redirect_from_root_to_docs=False, title="ctfy API")
    return app


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what no route should see, and log each request without its query, which may hold a
    token."""
    started = time.perf_counter()
    response = _refusal(request) or await call_next(request)
    tell = log.debug if request.url.path.endswith("/health") else log.info
    tell(
        "request",
        method=request.method,
        path=request.url.path,
        status=response.status_code,
        ms=round((time.perf_counter() - started) * 1000, 1),
    )
    return response


def _refusal(request: Request) -> Response | None:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        return errors.error_response(
            413,
            "payload_too_large",
            {"message": f"A request body holds at most {MAX_BODY} bytes.", "cap": MAX_BODY},
        )
    if "transfer-encoding" in request.headers:
        return errors.error_response(
            411, "length_required", "Send the body's length as Content-Length."
        )
    if b"%00" in request.scope.get("raw_path", b"") or b"%00" in request.scope["query_string"]:
        return errors.error_response(
            422, "validation_error", {"message": "NUL characters are not taken", "issues": []}
        )
    return None
