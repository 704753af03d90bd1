"""Every failure of an API in the envelope of `core.errors`; the platform and the nodes share it."""

from __future__ import annotations

import json
import re
import uuid
from contextvars import ContextVar
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ctfy.core.errors import CtfyError, ErrorResponse

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


def begin_request(given: str) -> str:
    """The id of the request that is being served: the caller's own where it is one, else a new."""
    chosen = given if _ID.match(given) else uuid.uuid4().hex
    _request_id.set(chosen)
    return chosen


def request_id() -> str:
    """The id of the request that is being served; empty outside of one."""
    return _request_id.get()


_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    429: "rate_limit",
}


def error_response(
    status: int, code: str, detail: Any, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The envelope as a response."""
    error = ErrorResponse(code=code, detail=detail, request_id=request_id())
    try:
        return JSONResponse(error.model_dump(mode="json"), status_code=status, headers=headers)
    except UnicodeEncodeError:  # it repeats half of a surrogate pair, which JSON alone can write
        escaped = json.dumps(detail, default=str).replace("\\ud", "\\\\ud")
        return error_response(status, code, json.loads(escaped), headers)


def refusal(error: CtfyError) -> JSONResponse:
    """An error of ours as a response."""
    return error_response(error.status, error.code, error.detail, error.headers)


def install(app: FastAPI) -> None:
    """Give every failure of `app` the envelope."""

    @app.exception_handler(CtfyError)
    async def refused(_: Request, error: CtfyError) -> JSONResponse:
        return refusal(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        issues = [
            {
                "loc": list(e["loc"]),
                "msg": e["msg"].removeprefix("Value error, "),  # pydantic's word, not ours
                "type": e["type"],
            }
            for e in error.errors()
        ]
        first = issues[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "request"
        return error_response(
            422, "validation_error", {"message": f"{where}: {first['msg']}", "issues": issues}
        )

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "error")
        headers = dict(error.headers) if error.headers else None
        return error_response(error.status_code, code, error.detail, headers)

    @app.exception_handler(Exception)
    async def broken(_: Request, __: Exception) -> JSONResponse:
        return error_response(500, "internal_error", "The server failed; nothing was changed.")
