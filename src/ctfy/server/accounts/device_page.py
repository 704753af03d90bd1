"""`/device`: where a person approves a device in the browser. Plain HTML, no script, no cookie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Everybody
from ctfy.server.access.rate_limits import address
from ctfy.server.accounts import devices, service
from ctfy.server.database.engine import Session
from ctfy.server.errors import CtfyError
from ctfy.server.models.accounts import DeviceInfoResponse
from ctfy.server.platform import ThePlatform

router = APIRouter(include_in_schema=False)

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape()
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_DONE = {
    "approved": "Approved. You can go back to your device.",
    "denied": "Denied. The device is turned away.",
}


@router.get("/device", dependencies=[Everybody])
async def show(
    session: Session, user_code: Annotated[str, Query(max_length=64)] = ""
) -> HTMLResponse:
    """The form."""
    return _page(user_code=user_code, grant=await _grant(session, user_code))


@router.post("/device", dependencies=[Everybody])
async def decide(request: Request, platform: ThePlatform, session: Session) -> HTMLResponse:
    """Approve or deny. The password is the proof that it is the person, so no cookie is needed."""
    fields = {k: v[0] for k, v in parse_qs((await request.body()).decode("latin-1")).items()}
    code, email = fields.get("user_code", ""), fields.get("email", "")
    verdict = fields.get("verdict", "")
    try:
        service.require_password_auth(platform.settings.password_auth_enabled)
        await platform.rate_limits.hit("login", f"{address(request)}|{email.lower()}")
        user_id = await service.check_credentials(session, email, fields.get("password", ""))
        if verdict not in _DONE:
            return _page(user_code=code, message="Choose to approve or to deny.", status=422)
        chosen = cast("Literal['approved', 'denied']", verdict)
        await devices.decide(session, user_id, code, chosen)
    except CtfyError as error:
        detail = error.detail
        message = detail["message"] if isinstance(detail, dict) else str(detail)
        grant = await _grant(session, code)
        return _page(user_code=code, message=message, status=error.status, grant=grant)
    return _page(message=_DONE[verdict], done=True)


async def _grant(session: AsyncSession, user_code: str) -> DeviceInfoResponse | None:
    try:
        return await devices.info(session, user_code) if user_code else None
    except CtfyError:
        return None


def _page(
    *,
    user_code: str = "",
    message: str = "",
    done: bool = False,
    status: int = 200,
    grant: DeviceInfoResponse | None = None,
) -> HTMLResponse:
    page = _templates.get_template("device_page.html").render(
        user_code=user_code, message=message, done=done, grant=grant
    )
    return HTMLResponse(page, status_code=status, headers=_HEADERS)
