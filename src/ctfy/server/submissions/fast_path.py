"""`POST /submissions` and `/qa/submissions` without the framework around them.

They are the one write that a whole competition makes at once. FastAPI's own work on it, measured,
was four fifths of the time; here only what the routes do is left. Whatever is not an ordinary
submission goes on to its route, which gives the same answers and is what the documentation shows.
"""

from __future__ import annotations

from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctfy.core.errors import CtfyError
from ctfy.core.responses import error_response
from ctfy.server.access.caller import Authenticator, Caller, bearer_of
from ctfy.server.access.idempotency import idempotency_key
from ctfy.server.models.submissions import (
    QaSubmissionCreate,
    SubmissionCreate,
    SubmissionResponse,
)
from ctfy.server.submissions.service import Submissions, check_may_submit

# What is taken here, and its body.
TAKEN: dict[str, type[SubmissionCreate | QaSubmissionCreate]] = {
    "/api/v1/submissions": SubmissionCreate,
    "/api/v1/qa/submissions": QaSubmissionCreate,
}
_MOST_BYTES = 16 * 1024


class FastSubmissions:
    """Takes submissions straight from the connection; plain ASGI."""

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, submissions: Submissions
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._submissions = submissions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        taken = TAKEN.get(scope["path"]) if scope["type"] == "http" else None
        if taken is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        message = await receive()
        body = message.get("body", b"")
        ordinary = not message.get("more_body") and not scope["query_string"]
        if not ordinary or len(body) > _MOST_BYTES:
            await self._app(scope, _again(message, receive), send)
            return
        headers = {name: value for name, value in scope["headers"] if name in _HEADERS}
        try:
            if not headers.get(b"content-type", b"").startswith(b"application/json"):
                raise ValueError
            # The order of the route: who calls, whether they may, then what they send.
            token = bearer_of(headers.get(b"authorization", b"").decode("latin-1"))
            caller = await self._authenticator.identify(token)
            check_may_submit(caller)
            asked = taken.model_validate_json(body)
        except (CtfyError, ValidationError, ValueError):
            await self._app(scope, _again(message, receive), send)
            return
        try:
            key = idempotency_key(headers.get(b"idempotency-key", b"").decode("latin-1"))
            answer = await self._submit(caller, asked, key)
        except CtfyError as error:
            refused = error_response(error.status, error.code, error.detail, error.headers)
            await refused(scope, receive, send)
            return
        content = answer.model_dump_json().encode()
        length = str(len(content)).encode()
        start = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": content})

    async def _submit(
        self, caller: Caller, asked: SubmissionCreate | QaSubmissionCreate, key: str
    ) -> SubmissionResponse:
        if isinstance(asked, SubmissionCreate):
            return await self._submissions.submit_on_instance(caller, asked, key=key)
        return await self._submissions.submit_without_instance(
            caller, asked.challenge_id, asked.competition_id, asked.question_id, asked.answer, key
        )


_HEADERS = frozenset({b"authorization", b"content-type", b"idempotency-key"})


def _again(first: Message, receive: Receive) -> Receive:
    """A receive that gives its first message once more."""
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
