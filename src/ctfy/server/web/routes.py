"""Every address that is no API's: a file of the interface, or the page that it starts from."""

from __future__ import annotations

import html
import mimetypes
import re
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from ctfy.core.errors import NotFound
from ctfy.server.access.caller import Everybody
from ctfy.server.models.base import ErrorResponse
from ctfy.server.site.branding import Look, TheBranding

router = APIRouter()

BUILT = Path(__file__).parent / "built"
# Each response has a nonce of its own, for the styles that the component library writes.
_NONCE = "__NONCE__"
# What of the page the operators choose: its title and icon, the name that is seen before any other
# file has come, and all that the interface shows first, so that it need not ask before it does.
_PUT_IN = re.compile(
    "(?P<head><!--branding-->.*<!--/branding-->)|(?P<name><!--name-->.*<!--/name-->)"
    f"|(?P<nonce>{_NONCE})",
    re.S,
)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; font-src 'self'; "
    "img-src 'self' data: https:; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}}},
    404: {"model": ErrorResponse},
}
# Below these only programs ask: for the API, and for what a server may say about itself (RFC 8615).
_NO_PAGES = ("api", ".well-known")
# What crawlers and browsers ask for by themselves; an address of the interface has no dot.
_names_file = re.compile(r"[^/]*\.[^/]*$").search
_UNBUILT = (
    "<!doctype html><title>ctfy</title><p>The server runs; its web interface is not built. "
    "Run <code>make web</code>, then reload. The API is described at <a href='/docs'>/docs</a>."
)


@router.get("/", include_in_schema=False, dependencies=[Everybody])
async def index(branding: TheBranding) -> Response:
    """The web interface."""
    return page(branding.look)


@router.get("/{path:path}", dependencies=[Everybody], responses=_PAGE, response_class=HTMLResponse)
async def file_or_page(path: str, request: Request, branding: TheBranding) -> Response:
    """A file of the web interface; for any other address a person may open, its page.

    Raises `not_found` for what programs ask for and is not there, and for missing files.
    """
    if path in _files():
        return _file(path, request.headers.get("accept-encoding", ""))
    if path.partition("/")[0] in _NO_PAGES or path.startswith("assets/") or _names_file(path):
        raise NotFound("not_found", "There is no such address.")
    return page(branding.look)


@cache
def _files() -> dict[str, Path]:
    """The built files by their address, without what is only another encoding of one."""
    found = (path for path in BUILT.rglob("*") if path.is_file())
    return {
        path.relative_to(BUILT).as_posix(): path
        for path in found
        if path.suffix not in (".br", ".gz") and path.name != "index.html"
    }


@cache
def _template() -> str:
    built = BUILT / "index.html"
    return built.read_text() if built.is_file() else _UNBUILT


def _file(path: str, accepted: str) -> Response:
    plain = _files()[path]
    kind = mimetypes.guess_type(plain.name)[0] or "application/octet-stream"
    forever = _FOR_EVER if path.startswith("assets/") else "public, max-age=3600"
    headers = {**_HEADERS, "Cache-Control": forever, "Vary": "Accept-Encoding"}
    for encoding, suffix in _ENCODINGS:
        packed = plain.with_name(plain.name + suffix)
        if encoding in accepted and packed.is_file():
            headers["Content-Encoding"] = encoding
            return FileResponse(packed, media_type=kind, headers=headers)
    return FileResponse(plain, media_type=kind, headers=headers)


def page(look: Look) -> HTMLResponse:
    """The page that every address starts from."""
    nonce = secrets.token_urlsafe(16)
    headers = {
        **_HEADERS,
        "Content-Security-Policy": _POLICY.format(nonce=nonce),
        "Cache-Control": "no-cache",
    }
    # In one pass: what somebody wrote is not searched for more to put in.
    name = html.escape(look.branding.event_name)
    put_in = {"head": _head(look), "name": name, "nonce": nonce}
    content = _PUT_IN.sub(lambda found: put_in[found.lastgroup or ""], _template())
    return HTMLResponse(content, headers=headers)


def _head(look: Look) -> str:
    icon = look.branding.favicon
    address, kind = (icon.url, "image/png") if icon else ("/favicon.svg", "image/svg+xml")
    return (
        f'<link rel="icon" href="{html.escape(address)}" type="{kind}" />\n'
        f"    <title>{html.escape(look.branding.event_name)}</title>\n"
        f'    <meta name="ctfy-branding" content="{html.escape(look.body.decode())}" />'
    )
