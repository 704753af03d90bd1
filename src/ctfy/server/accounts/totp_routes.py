"""`/auth/totp`: the second factor of one's own account."""

from __future__ import annotations

from ctfy.server.access.caller import SettingUp
from ctfy.server.access.idempotency import Router
from ctfy.server.accounts import service, totp
from ctfy.server.database.connections import Session
from ctfy.server.kernel import TheDatabase, TheRateLimits, TheSecret, TheSettings
from ctfy.server.models.accounts import (
    TotpCode,
    TotpOff,
    TotpPassword,
    TotpRecoveryCodes,
    TotpSetup,
    TotpState,
)

router = Router(prefix="/auth/totp", tags=["accounts"])


@router.get("")
async def totp_state(database: TheDatabase, settings: TheSettings, caller: SettingUp) -> TotpState:
    """Whether two-factor sign-in is on, and how many recovery codes are left."""
    return await totp.state(database, caller, required=settings.require_totp_for_operators)


@router.post("/setup")
async def set_up_totp(
    body: TotpPassword,
    settings: TheSettings,
    secret: TheSecret,
    rate_limits: TheRateLimits,
    session: Session,
    caller: SettingUp,
) -> TotpSetup:
    """A secret for an authenticator; it asks for nothing until a code confirms it."""
    async with rate_limits.failures(("account", caller.user_id)):
        return await totp.set_up(session, secret, caller, settings.event_name, body.password)


@router.post("/confirm")
async def confirm_totp(
    body: TotpCode,
    settings: TheSettings,
    secret: TheSecret,
    rate_limits: TheRateLimits,
    session: Session,
    caller: SettingUp,
) -> TotpRecoveryCodes:
    """Turn it on with a code; the recovery codes are shown this once."""
    async with rate_limits.failures(("account", caller.user_id)):
        codes = await totp.confirm(session, secret, caller, body.code)
    if settings.require_totp_for_operators and caller.operates:
        # What was there before rested, since somebody with a stolen password may have made it.
        await service.revoke_others(session, caller)
    return TotpRecoveryCodes(codes=codes)


@router.post("/disable")
async def disable_totp(
    body: TotpOff,
    secret: TheSecret,
    rate_limits: TheRateLimits,
    session: Session,
    caller: SettingUp,
) -> TotpState:
    """Turn it off, with the password and a code."""
    async with rate_limits.failures(("account", caller.user_id)):
        await totp.turn_off(session, secret, rate_limits, caller, body.password, body.code)
    return TotpState()
