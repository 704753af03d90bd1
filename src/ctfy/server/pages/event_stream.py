"""`GET /events`: server-sent events, resumable by `Last-Event-ID`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any

from fastapi import Header, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ctfy.core.errors import CtfyError, field_error
from ctfy.server.access.caller import StreamCaller, authenticator, bearer_token
from ctfy.server.access.idempotency import Router
from ctfy.server.access.view import View
from ctfy.server.events.relay import Listener, Position, Relay, Rights
from ctfy.server.kernel import TheDatabase, TheRelay

router = Router(tags=["events"])


class EventStreamResponse(Response):
    """A stream of frames, one task and one queue a reader."""

    media_type = "text/event-stream"

    def __init__(self, relay: Relay, listener: Listener, after: Position | None) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._relay = relay
        self._listener = listener
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send frames until the reader goes, is too slow, or may read no longer."""
        listener = self._listener
        leaving = asyncio.create_task(_close_on_disconnect(receive, listener))
        arriving = asyncio.create_task(self._relay.admit(listener, self._after))
        try:
            if self._after is None:  # whoever is connected misses nothing from then on
                await asyncio.wait([arriving])
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send(_body(b": connected\n\n"))
            while frames := await listener.take():
                await send(_body(frames))
            await send({"type": "http.response.body", "body": b""})
        finally:
            for task in (leaving, arriving):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            self._relay.dismiss(listener)


def _body(content: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": True}


async def _close_on_disconnect(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.close()


@router.get(
    "/events",
    response_class=Response,
    summary="Follow what happens",
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(
    request: Request,
    database: TheDatabase,
    relay: TheRelay,
    caller: StreamCaller,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Response:
    """The caller's events as they happen: global ones, their competitions' and teams', those about
    them, and for admins all."""
    after = Position.parse(last_event_id) if last_event_id else None
    if last_event_id and after is None:
        raise field_error(["header", "Last-Event-ID"], "must be an id that this stream gave")
    token = bearer_token(request) or request.query_params.get("token", "")

    async def refresh() -> Rights | None:
        try:
            again = await authenticator(request).identify(token)
        except CtfyError:  # signed out, not allowed, or not to be known now: whoever may comes back
            return None
        return await View(again).stream_rights(database)

    return EventStreamResponse(relay, Listener(caller.user_id, refresh), after)
