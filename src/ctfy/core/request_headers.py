"""Every request header that decides something reaches an application at most once.

Two readers of a repeated header may each take another of its values: a cache the last, a route the
first. RFC 9110, 5.3: only a header that is a list may repeat. Platform and nodes share it.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from ctfy.core.responses import begin_request, error_response

# Lists, and what stands between their parts. RFC 9113, 8.2.3: HTTP/2 may split a cookie.
_JOINED = {
    b"cookie": b"; ",
    **dict.fromkeys(
        (
            b"accept",
            b"accept-encoding",
            b"accept-language",
            b"cache-control",
            b"connection",
            b"forwarded",
            b"if-match",
            b"if-none-match",
            b"sec-websocket-extensions",
            b"sec-websocket-protocol",
            b"x-forwarded-for",
        ),
        b", ",
    ),
}
_SINGLE = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"if-modified-since",
        b"if-range",
        b"if-unmodified-since",
        b"last-event-id",
        b"mcp-protocol-version",
        b"mcp-session-id",
        b"origin",
        b"proxy-authorization",
        b"range",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"sec-websocket-key",
        b"sec-websocket-version",
        b"transfer-encoding",
        b"upgrade",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-proto",
    }
)


class SingleHeaders:
    """Joins what may repeat, and refuses what may not, with 400 `header_repeated`; plain ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        headers = scope.get("headers", ())
        if len({name for name, _ in headers}) != len(headers):
            found, repeated = _joined(headers)
            if repeated:
                begin_request("")
                name = repeated.decode("latin-1")
                refusal = error_response(
                    400,
                    "header_repeated",
                    {"message": f"Send the header {name} once, not several times.", "header": name},
                )
                await refusal(scope, receive, send)
                return
            scope = {**scope, "headers": found}
        await self._app(scope, receive, send)


def _joined(headers: list[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers with each list in one piece, and the first that must not repeat but does."""
    found: list[tuple[bytes, bytes]] = []
    places: dict[bytes, int] = {}
    for name, value in headers:
        if name not in places:
            places[name] = len(found)
        elif name in _SINGLE:
            return found, name
        elif between := _JOINED.get(name):
            before = found[places[name]][1]
            found[places[name]] = (name, before + between + value)
            continue
        found.append((name, value))
    return found, b""
