"""The browser's session: a cookie that no script can read, taken for the caller's token.

Everything behind the middleware sees a bearer token, whoever sent it. A browser sends its cookie
along with whatever any site makes it ask, so what changes something must come from our own pages:
`Origin` must name this server. `SameSite=Strict` holds the rest of the cross-site requests back.
"""

from __future__ import annotations

from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Query, Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctfy.core.credentials import SESSION_COOKIE, SIGNED_IN_COOKIE
from ctfy.core.errors import Forbidden
from ctfy.core.responses import begin_request, error_response

LIFE = timedelta(days=30)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

AsCookie = Annotated[
    bool,
    Query(description="For browsers: set the session as an HttpOnly cookie; `token` stays empty"),
]


class CookieSession:
    """Turns the session cookie into the Authorization header; plain ASGI."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public = _origin(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (token := _token_in(scope)):
            if scope["method"] not in _SAFE and not same_origin(Headers(scope=scope), self._public):
                begin_request(Headers(scope=scope).get("x-request-id", ""))
                refusal = error_response(
                    403,
                    "origin_mismatch",
                    "A session cookie changes something only from this server's own pages.",
                )
                await refusal(scope, receive, send)
                return
            bearer = (b"authorization", b"Bearer " + token.encode())
            scope = {**scope, "headers": [*scope["headers"], bearer]}
            send = _forgetting(send)
        await self._app(scope, receive, send)


def _forgetting(send: Send) -> Send:
    """Takes the cookies away when the session is none any more: the browser is a visitor's then."""

    async def forgetting(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 401:
            headers = MutableHeaders(scope=message)
            if "www-authenticate" in headers:  # the token is not valid, whatever else was asked
                gone = Response()
                forget(gone)
                for value in gone.headers.getlist("set-cookie"):
                    headers.append("set-cookie", value)
        await send(message)

    return forgetting


def _token_in(scope: Scope) -> str:
    """The session's token; empty without a cookie, or beside an Authorization header."""
    cookies = ""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return ""
        if name == b"cookie":
            cookies = value.decode("latin-1")
    if SESSION_COOKIE not in cookies:
        return ""
    try:
        morsel = SimpleCookie(cookies).get(SESSION_COOKIE)
    except CookieError:
        return ""
    token = morsel.value if morsel else ""
    return token if token.isascii() and token.isprintable() else ""


def same_origin(headers: Headers, public: str = "") -> bool:
    """Whether a request comes from a page of this server, as the browser says."""
    origin = headers.get("origin", "")
    return bool(origin) and (origin == public or urlsplit(origin).netloc == headers.get("host", ""))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def sign_in(request: Request, response: Response, token: str, public_url: str) -> None:
    """Give the browser its session. Raises 403 when another site's page asked for it."""
    if not same_origin(request.headers, _origin(public_url)):
        raise Forbidden("origin_mismatch", "Only this server's own pages sign a browser in.")
    keep(response, token, public_url)


def keep(response: Response, token: str, public_url: str) -> None:
    """Set the cookies."""
    for name, value in ((SESSION_COOKIE, token), (SIGNED_IN_COOKIE, "1")):
        response.set_cookie(
            name,
            value,
            max_age=int(LIFE.total_seconds()),
            path="/",
            httponly=name == SESSION_COOKIE,
            samesite="strict",
            secure=public_url.startswith("https://"),
        )


def forget(response: Response) -> None:
    """Take the cookies away."""
    for name in (SESSION_COOKIE, SIGNED_IN_COOKIE):
        response.delete_cookie(name, path="/", httponly=name == SESSION_COOKIE, samesite="strict")
