"""The device flow (RFC 8628): a terminal signs in, its person approves in a browser."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.secrets import token_hash
from ctfy.server.accounts.service import Origin, new_session
from ctfy.server.database.base import now
from ctfy.server.models.accounts import (
    DeviceCodeResponse,
    DeviceInfoResponse,
    DeviceTokenResponse,
)
from ctfy.server.tables.accounts import DeviceGrant

LIFETIME = timedelta(minutes=10)
INTERVAL_S = 5
# RFC 8628, 6.1: no vowels, so that no words come up; 20^8 codes.
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"


async def begin(session: AsyncSession, origin: Origin, url: str) -> DeviceCodeResponse:
    """Codes for a device that wants to sign in."""
    device_code = secrets.token_urlsafe(32)
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    user_code = f"{letters[:4]}-{letters[4:]}"
    await session.execute(delete(DeviceGrant).where(DeviceGrant.expires_at < now() - LIFETIME))
    session.add(
        DeviceGrant(
            device_hash=token_hash(device_code),
            user_code=user_code,
            expires_at=now() + LIFETIME,
            ip_address=origin.ip_address,
            user_agent=origin.user_agent,
        )
    )
    return DeviceCodeResponse(
        device_code=device_code,
        user_code=user_code,
        verification_uri=f"{url}/device",
        verification_uri_complete=f"{url}/device?user_code={user_code}",
        expires_in=int(LIFETIME.total_seconds()),
        interval=INTERVAL_S,
    )


async def info(session: AsyncSession, user_code: str) -> DeviceInfoResponse:
    """Which device waits behind a code. Raises `device_code_invalid`."""
    return _info(await _by_user_code(session, user_code))


async def decide(
    session: AsyncSession, user_id: str, user_code: str, verdict: Literal["approved", "denied"]
) -> DeviceInfoResponse:
    """Approve or deny a device, once. Raises `device_code_invalid`, `device_code_decided`."""
    grant = await _by_user_code(session, user_code)
    decided = await session.scalar(
        update(DeviceGrant)
        .where(
            DeviceGrant.device_hash == grant.device_hash,
            DeviceGrant.status == "pending",
            DeviceGrant.expires_at > now(),
        )
        .values(status=verdict, user_id=user_id)
        .returning(DeviceGrant)
        .execution_options(populate_existing=True)
    )
    if decided is None:
        raise Conflict("device_code_decided", "This code was decided on already, or expired.")
    return _info(decided)


async def collect(session: AsyncSession, device_code: str, origin: Origin) -> DeviceTokenResponse:
    """What the device may have: its token, once, when it was approved.

    Raises `device_code_invalid`.
    """
    grant = await session.scalar(
        select(DeviceGrant)
        .where(DeviceGrant.device_hash == token_hash(device_code))
        .with_for_update(key_share=True)
    )
    if grant is None:
        raise _invalid()
    status = _status(grant)
    if status != "approved" or grant.user_id is None:
        return DeviceTokenResponse(status=status)
    await session.delete(grant)
    token = new_session(session, grant.user_id, origin)
    return DeviceTokenResponse(status="approved", token=token)


async def _by_user_code(session: AsyncSession, user_code: str) -> DeviceGrant:
    letters = "".join(c for c in user_code.upper() if c.isalpha())
    code = f"{letters[:4]}-{letters[4:]}"
    grant = await session.scalar(select(DeviceGrant).where(DeviceGrant.user_code == code))
    if grant is None:
        raise _invalid()
    return grant


def _invalid() -> NotFound:
    return NotFound("device_code_invalid", "There is no such code, or it was used.")


def _status(grant: DeviceGrant) -> str:
    return "expired" if grant.expires_at <= now() else grant.status


def _info(grant: DeviceGrant) -> DeviceInfoResponse:
    return DeviceInfoResponse(
        status=_status(grant),
        requested_at=grant.requested_at,
        requester_ip=grant.ip_address,
        requester_user_agent=grant.user_agent,
    )
