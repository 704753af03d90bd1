"""The second factor: codes that change every 30 seconds (RFC 6238), and recovery codes.

HMAC and a truncation are all there is to it: no library is needed, and the RFC's vectors are a
test. Secrets are stored encrypted under the platform's, recovery codes as hashes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
import struct
import time
from urllib.parse import quote

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError, NotFound, Unauthorized
from ctfy.server.access import secrets
from ctfy.server.access.caller import Caller
from ctfy.server.access.events import AccountChanged
from ctfy.server.access.rate_limits import RateLimits
from ctfy.server.access.secrets import Seal, Secret
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.models.accounts import TotpSetup, TotpState
from ctfy.server.tables.access import User
from ctfy.server.tables.accounts import Totp

_STEP_S = 30
_WINDOW = (-1, 0, 1)  # a clock may be that many steps off
_KEY_BYTES = 20
_RECOVERY_CODES = 10
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1; five bits each


class CodeWanted(CtfyError):
    """401, where the password is right and a code is wanted besides: that is no failed attempt."""

    status = 401


def code_at(key: bytes, step: int) -> str:
    """The six digits of a step."""
    digest = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
    number: int = struct.unpack_from(">I", digest, digest[-1] & 0xF)[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def step_of(key: bytes, code: str, *, after: int | None, at: float | None = None) -> int | None:
    """The step around a moment, now by default, whose code this is; None where none is.

    None of those up to `after`, which were used. Every candidate is compared, in constant time.
    """
    present = int((time.time() if at is None else at) // _STEP_S)
    found = None
    for step in (present + offset for offset in _WINDOW):
        is_it = hmac.compare_digest(code_at(key, step).encode(), code.encode())
        if is_it and (after is None or step > after):
            found = step
    return found


def _seal(secret: Secret, user_id: str) -> Seal:
    return Seal(secret, f"totp|{user_id}")


_STATE = Statement(
    select(Totp.confirmed_at, Totp.recovery_hashes).where(Totp.user_id == bindparam("user_id"))
)


async def state(database: Database, caller: Caller, *, required: bool) -> TotpState:
    """Whether the caller's second factor is on; `required`: of operators."""
    rows = await database.read(_STATE, user_id=caller.user_id)
    on = bool(rows) and rows[0].confirmed_at is not None
    return TotpState(
        enabled=on,
        recovery_codes_left=len(rows[0].recovery_hashes) if on else 0,
        required=required and caller.operates,
    )


async def set_up(
    session: AsyncSession, secret: Secret, caller: Caller, issuer: str, password: str
) -> TotpSetup:
    """A new secret, which holds nothing until a code confirms it.

    Raises `totp_enabled`, `wrong_current_password`.
    """
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    await _check_password(user, password)
    totp = await session.get(Totp, user.id)
    if totp is not None and totp.confirmed_at is not None:
        raise Conflict("totp_enabled", "Two-factor sign-in is on. Turn it off first.")
    key = random.token_bytes(_KEY_BYTES)
    written = base64.b32encode(key).decode()
    if totp is None:
        totp = Totp(user_id=user.id)
        session.add(totp)
    totp.secret, totp.last_step, totp.recovery_hashes = (
        _seal(secret, user.id).close(written),
        None,
        [],
    )
    label = quote(f"{issuer}:{user.email or user.display_name}", safe="")
    uri = f"otpauth://totp/{label}?secret={written}&issuer={quote(issuer, safe='')}"
    return TotpSetup(secret=written, uri=uri)


async def confirm(session: AsyncSession, secret: Secret, caller: Caller, code: str) -> list[str]:
    """Turn it on with a code; the recovery codes, shown this once.

    Raises `totp_not_set_up`, `totp_enabled`, `totp_wrong`.
    """
    totp = await session.get(Totp, caller.user_id, with_for_update=True)
    if totp is None:
        raise NotFound("totp_not_set_up", "Set it up first.")
    if totp.confirmed_at is not None:
        raise Conflict("totp_enabled", "Two-factor sign-in is on already.")
    _use(totp, secret, code, recovery=False)
    codes = ["".join(random.choice(_LETTERS) for _ in range(16)) for _ in range(_RECOVERY_CODES)]
    totp.recovery_hashes = [secrets.token_hash(each) for each in codes]
    totp.confirmed_at = now()
    emit(session, AccountChanged(user_id=caller.user_id))
    return ["-".join(each[at : at + 4] for at in range(0, 16, 4)) for each in codes]


async def turn_off(
    session: AsyncSession,
    secret: Secret,
    rate_limits: RateLimits,
    caller: Caller,
    password: str,
    code: str,
) -> None:
    """Turn it off. Raises `wrong_current_password`, `totp_not_set_up`, `totp_wrong`."""
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    await _check_password(user, password)
    totp = await session.get(Totp, user.id, with_for_update=True)
    if totp is None or totp.confirmed_at is None:
        raise NotFound("totp_not_set_up", "Two-factor sign-in is off.")
    async with rate_limits.failures(("totp", user.id)):
        _use(totp, secret, code)
    await session.delete(totp)
    emit(session, AccountChanged(user_id=user.id))


async def is_on(session: AsyncSession, user_id: str) -> bool:
    """Whether somebody's second factor is on."""
    on = select(Totp.user_id).where(Totp.user_id == user_id, Totp.confirmed_at.is_not(None))
    return await session.scalar(on) is not None


async def require_code(
    session: AsyncSession, secret: Secret, rate_limits: RateLimits, user_id: str, code: str
) -> None:
    """Let only the right code pass, where somebody's second factor is on.

    Raises `totp_required` without a code, `totp_wrong`, and 429 after many wrong ones: whoever
    gives one knows the password, so the limit on that bounds nothing.
    """
    totp = await session.get(Totp, user_id, with_for_update=True)
    if totp is None or totp.confirmed_at is None:
        return
    if not code.strip():
        raise CodeWanted("totp_required", "Give the code of your authenticator, too.")
    async with rate_limits.failures(("totp", user_id)):
        _use(totp, secret, code)


async def _check_password(user: User, password: str) -> None:
    """Raise `wrong_current_password`; whoever signs in elsewhere alone has none to give."""
    if user.password_hash is None:
        return
    if not (await secrets.check_password_hash(password, user.password_hash)).is_right:
        raise Unauthorized("wrong_current_password", "The current password is wrong.")


def _use(totp: Totp, secret: Secret, code: str, *, recovery: bool = True) -> None:
    """Use a code up: one of the authenticator's, or a recovery code. Raises `totp_wrong`."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    try:
        key = base64.b32decode(_seal(secret, totp.user_id).open(totp.secret))
        step = step_of(key, plain, after=totp.last_step)
    except secrets.Unreadable:  # the platform has another secret now; recovery codes are as before
        step = None
    hashed = secrets.token_hash(plain)
    if step is not None:
        totp.last_step = step
    elif recovery and hashed in totp.recovery_hashes:
        totp.recovery_hashes = [each for each in totp.recovery_hashes if each != hashed]
    else:
        raise Unauthorized("totp_wrong", "This code is wrong, or was used. Wait for the next one.")
