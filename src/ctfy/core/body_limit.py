"""The one limit on what the body of a request may hold; the platform and the nodes share it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctfy.core.responses import error_response


class BodyLimit:
    """Refuses a body that says it is too large before it is read, and one that does not say, once
    it is. Plain ASGI. `most` gives the bytes that a request may hold.
    """

    def __init__(self, app: ASGIApp, most: Callable[[Scope], int]) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, taken = self._most(scope), 0
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > most:
            refusal = error_response(413, "payload_too_large", _too_large(most))
            await refusal(scope, receive, send)
            return

        begun = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise _TooLarge(most)
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLarge:  # where nobody between here and the reader made it an answer
            if begun:
                raise
            await error_response(413, "payload_too_large", _too_large(most))(scope, receive, send)


class _TooLarge(HTTPException):
    """More came than may."""

    def __init__(self, most: int) -> None:
        super().__init__(413)
        self.detail = _too_large(most)  # type: ignore[assignment]  # an object, as others are


def _too_large(most: int) -> dict[str, object]:
    return {"message": f"A request body holds at most {most} bytes.", "cap": most}
