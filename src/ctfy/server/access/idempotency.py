"""POST requests that may be sent twice, and are done once.

A client whose connection broke does not know whether the server did what it asked. With an
`Idempotency-Key` it may ask again: the first answer is written down in the transaction that it
tells of, and given again to whoever sends the same request with the same token and key, for a day.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Coroutine
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from ctfy.core.errors import Conflict, CtfyError, Invalid, field_error
from ctfy.server.access.caller import Authenticator, bearer_of
from ctfy.server.database.base import now
from ctfy.server.database.connections import Background, Database, transaction_of
from ctfy.server.database.statement import Statement
from ctfy.server.tables.idempotency import IdempotentRequest

KEPT_FOR = timedelta(hours=24)
API = "/api/v1"
_HEADER = "idempotency-key"
_MOST_KEY = 255
_MOST_BYTES = 256 * 1024  # of an answer; a longer one is not kept

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=_MOST_KEY,
        description="A random text: the same request sent again with it is done once",
    ),
]


def idempotency_key(value: str) -> str:
    """A key as it was sent. Raises `validation_error` where it is none."""
    if len(value) > _MOST_KEY or not (value.isascii() and (value.isprintable() or not value)):
        raise field_error(
            ["header", "Idempotency-Key"], f"up to {_MOST_KEY} printable ASCII characters"
        )
    return value


_KEPT = Statement(
    select(IdempotentRequest.body_digest, IdempotentRequest.status, IdempotentRequest.answer).where(
        IdempotentRequest.id == bindparam("id")
    )
)
_KEEP = (
    insert(IdempotentRequest)
    .values(
        {name: bindparam(name) for name in ("id", "body_digest", "status", "answer", "created_at")}
    )
    .on_conflict_do_nothing()
    .returning(IdempotentRequest.id)
)
_KEEP_ALONE = Statement(_KEEP)

# Every route's, in the API's document. By its name: as a model, FastAPI would make a validator of
# it for each status of each route, which was a quarter of a server's start.
_REFUSALS: dict[int | str, dict[str, object]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
    }
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 502, 503)
}


class Router(APIRouter):
    """A router of the API, whose POSTs may be repeated with an idempotency key.

    Its routes are whole: where FastAPI adds a prefix or responses to a router that it includes, it
    makes each of its routes once more.
    """

    def __init__(self, prefix: str = "", **options: Any) -> None:
        super().__init__(
            prefix=f"{API}{prefix}", route_class=_Route, responses=_REFUSALS, **options
        )


class _Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, asked once for each key."""
        handle = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return handle

        async def once(request: Request) -> Response:
            key = await _key_of_somebody(request)
            if not key:
                return await handle(request)
            # What a route reads by itself may be large, and is for it to read once it knows who
            # sends it; what a route does not read may never come.
            body = await request.body() if self.body_field else b""
            repeatable = _Repeatable(request, key, body)
            before = await repeatable.answer_before()
            if before is not None:
                return before
            try:
                response = await handle(request)
            except CtfyError:
                await repeatable.check_not_done_meanwhile()
                raise
            await repeatable.keep(response)
            return response

        return once


class _Repeatable:
    """One request with a key, of somebody who is signed in."""

    def __init__(self, request: Request, key: str, body: bytes) -> None:
        from cryptography.fernet import Fernet  # 8 MB in memory, which not every server needs

        sent_by = request.headers.get("authorization", "")
        where = f"{request.method} {request.scope['path']}?{request.scope['query_string']!r}"
        named = "\n".join((sent_by, where, key)).encode()
        self._id = hashlib.sha256(b"id\n" + named).hexdigest()
        self._cipher = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"key\n" + named).digest()))
        # By what only the sender has: a body may hold a password, which a plain digest would tell.
        self._body_digest = hmac.new(named, body, hashlib.sha256).hexdigest()
        self._database = request.app.services.get(Database)
        self._request = request

    async def answer_before(self) -> Response | None:
        """What was answered the first time, if this is not it."""
        for row in await self._database.read(_KEPT, id=self._id):
            if row.body_digest != self._body_digest:
                raise Invalid(
                    "idempotency_key_reused", "This Idempotency-Key was sent with another body."
                )
            return Response(
                self._cipher.decrypt(row.answer),
                row.status,
                {"Idempotency-Replayed": "true"},
                media_type="application/json",
            )
        return None

    async def check_not_done_meanwhile(self) -> None:
        """Raise `request_in_progress` where a refused request was done by its twin meanwhile.

        What refused it may be what the other did: a name that is taken, an invite that is used.
        """
        database: Database = self._request.app.services.get(Background)
        if await database.read(_KEPT, id=self._id):
            raise _in_progress()

    async def keep(self, response: Response) -> None:
        """Write the answer down, together with what it tells of.

        Raises `request_in_progress`, and so undoes all of it, where another came first meanwhile.
        """
        body = bytes(getattr(response, "body", b""))
        kept = 200 <= response.status_code < 300 and len(body) <= _MOST_BYTES
        if not kept or "set-cookie" in response.headers:  # a cookie is given to one browser, once
            return
        values = {
            "id": self._id,
            "body_digest": self._body_digest,
            "status": response.status_code,
            "answer": self._cipher.encrypt(body),
            "created_at": now(),
        }
        session = transaction_of(self._request)
        if session is None:
            await self._database.read(_KEEP_ALONE, **values)
        elif (await session.execute(_KEEP, values)).first() is None:
            raise _in_progress()


def _in_progress() -> Conflict:
    return Conflict(
        "request_in_progress",
        "The same request was being done. Ask again.",
        headers={"Retry-After": "1"},
    )


async def _key_of_somebody(request: Request) -> str:
    """The key of a request that is to be done once; empty for those that are simply done."""
    key = idempotency_key(request.headers.get(_HEADER, ""))
    if not key:
        return ""
    try:
        token = bearer_of(request.headers.get("authorization", ""))
        await request.app.services.get(Authenticator).identify(token)
    except CtfyError:
        return ""  # the route says so, in its own way
    return key
