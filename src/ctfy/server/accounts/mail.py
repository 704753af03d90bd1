"""Links that work once: to verify an address, to set a password. Mailed by jobs, retried."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.secrets import token_hash
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.platform_settings import MailTest
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User
from ctfy.server.tables.accounts import MailedToken

# `invite` and `handed` are an operator's: mailed, or shown to hand it over by hand, which proves
# nothing of the address.
Purpose = Literal["verify", "reset", "invite", "handed"]
SETS_PASSWORD: tuple[Purpose, ...] = ("reset", "invite", "handed")
OPERATORS: tuple[Purpose, ...] = ("invite", "handed")
_LIFETIME: dict[Purpose, timedelta] = {
    "verify": timedelta(days=7),
    "reset": timedelta(hours=1),
    "invite": timedelta(days=7),
    "handed": timedelta(days=7),
}
_PATHS: dict[Purpose, str] = {
    "verify": "/verify-email",
    "reset": "/reset-password",
    "invite": "/set-password",
    "handed": "/set-password",
}
_WORDS = {
    "verify": (
        "Verify your e-mail address",
        "Somebody, you we hope, registered with this address. Follow this link to verify it. If\n"
        "it was not you, do not follow it; ask for a new password instead, which shuts them out.",
    ),
    "reset": (
        "Set a new password",
        "Somebody, you we hope, asked for a new password. Follow this link to set it; it works\n"
        "once, within an hour. If it was not you, do nothing.",
    ),
    "invite": (
        "Your account",
        "An organiser sends you this link to your account here. Follow it to set a password and\n"
        "sign in; it works once, within seven days.",
    ),
}


_FAILED = Statement(
    """
    SELECT id FROM procrastinate_jobs
    WHERE task_name = 'send_mail' AND status = 'failed' AND attempts < :most LIMIT 100
    """
)
_MOST_ATTEMPTS = 24
_PATIENCE_S = 30
_ADDRESS = Statement(select(User.email).where(User.id == bindparam("user_id")))


async def retry_failed(database: Database, jobs: Jobs) -> str:
    """Give mails another try that were given up; how many. None is tried for ever."""
    rows = await database.read(_FAILED, most=_MOST_ATTEMPTS)
    for row in rows:
        await jobs.app.job_manager.retry_job_by_id_async(row.id, retry_at=now())
    return f"{len(rows)} tried again"


async def send(settings: Settings, database: Database, user_id: str, purpose: Purpose) -> None:
    """Mail a fresh link to somebody; an earlier one for the same purpose stops working.

    An operator's link goes out while it is still asked for; see `invite`.
    """
    async with database.transaction() as session:
        # Locked, as by whoever ends links: none is made anew after it was ended.
        user = await session.get(User, user_id, with_for_update={"key_share": True})
        if user is None or user.email is None:
            return
        if purpose == "invite" and not await _is_asked_for(session, user_id):
            return
        address = user.email
        link = await mint(session, settings, user_id, address, purpose)
    await _deliver(settings, address, purpose, link.url)


class Link(NamedTuple):
    """A link that works once; it is stored as a hash, so this is all that knows it."""

    url: str
    expires_at: datetime


async def mint(
    session: AsyncSession, settings: Settings, user_id: str, address: str, purpose: Purpose
) -> Link:
    """A fresh link for somebody; an earlier one for the same purpose stops working."""
    await revoke(session, user_id, purpose)
    token = secrets.token_urlsafe(32)
    expires_at = now() + _LIFETIME[purpose]
    session.add(
        MailedToken(
            hash=token_hash(token),
            user_id=user_id,
            purpose=purpose,
            email=address,
            expires_at=expires_at,
        )
    )
    # After the `#`: a browser sends it to no server, so no log holds it.
    return Link(f"{settings.url}{_PATHS[purpose]}#token={token}", expires_at)


async def revoke(session: AsyncSession, user_id: str, *purposes: Purpose) -> None:
    """Have somebody's links for some purposes work no more."""
    await session.execute(
        delete(MailedToken).where(MailedToken.user_id == user_id, MailedToken.purpose.in_(purposes))
    )


async def _is_asked_for(session: AsyncSession, user_id: str) -> bool:
    found = await session.scalar(
        select(MailedToken.hash)
        .where(MailedToken.user_id == user_id, MailedToken.purpose == "invite")
        .limit(1)
    )
    return found is not None


async def _deliver(settings: Settings, address: str, purpose: Purpose, url: str) -> None:
    subject, words = _WORDS[purpose]
    await _mail(settings, address, subject, f"{words}\n\n{url}\n")


async def _mail(settings: Settings, address: str, subject: str, text: str) -> str:
    """Hand a mail over to the mail server; what it said."""
    # With the first mail, for most servers send none.
    from email.message import EmailMessage

    import aiosmtplib

    message = EmailMessage()
    message["From"], message["To"] = settings.smtp_from, address
    message["Subject"] = f"{subject} · {settings.event_name}"
    message.set_content(text)
    _, said = await aiosmtplib.send(
        message,
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username or None,
        password=settings.smtp_password or None,
        use_tls=settings.smtp_tls == "tls",
        start_tls=settings.smtp_tls == "starttls",
        timeout=_PATIENCE_S,
    )
    return said


async def send_test(settings: Settings, database: Database, user_id: str) -> MailTest:
    """Mail somebody at their own address, now; what the mail server said of it.

    Raises `mail_not_configured`, and `address_missing` where they have no address.
    """
    require_configured(settings)
    (person,) = await database.read(_ADDRESS, user_id=user_id)
    if person.email is None:
        raise Conflict("address_missing", "Your account has no address.")
    ok, said = True, ""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            text = f"Mail of {settings.event_name} arrives.\n\n{settings.url}\n"
            said = await _mail(settings, person.email, "A test mail", text)
    except TimeoutError:
        ok, said = False, f"no answer within {_PATIENCE_S} s"
    except Exception as error:  # its library raises what sockets, certificates and servers say
        ok, said = False, _said(error)
    server = f"{settings.smtp_host}:{settings.smtp_port}"
    return MailTest(ok=ok, to=person.email, server=server, said=" ".join(said.split()))


def _said(error: Exception) -> str:
    """The server's own code and words, where it came so far; else what went wrong before."""
    refused = getattr(error, "recipients", None)
    found = refused[0] if isinstance(refused, list) and refused else error
    code, message = getattr(found, "code", ""), getattr(found, "message", "")
    return f"{code} {message}" if message else f"{type(found).__name__}: {found}"


async def request(
    session: AsyncSession, settings: Settings, jobs: Jobs, user_id: str, purpose: Purpose
) -> None:
    """Have a mail sent. Raises `mail_not_configured` where no mail server is set."""
    require_configured(settings)
    await jobs.defer(session, "send_mail", user_id=user_id, purpose=purpose)


async def invite(
    session: AsyncSession, settings: Settings, jobs: Jobs, user_id: str, address: str
) -> None:
    """Have an operator's link mailed. Raises `mail_not_configured`."""
    # A link that nobody knows stands for the one that the mail brings: with whatever ends links (a
    # new password, one handed over since, another role) a mail that is late or tried again ends.
    await mint(session, settings, user_id, address, "invite")
    await request(session, settings, jobs, user_id, "invite")


def require_configured(settings: Settings) -> None:
    """Raise `mail_not_configured` where no mail server is set."""
    if not settings.smtp_host:
        raise NotFound("mail_not_configured", "This server sends no mail.")


async def redeem(session: AsyncSession, token: str, *purposes: Purpose) -> tuple[User, Purpose]:
    """The person that a link was for, and which it was; it works once.

    Raises `mailed_token_invalid`, also where the account has another address by now.
    """
    mailed = await session.scalar(
        delete(MailedToken)
        .where(MailedToken.hash == token_hash(token), MailedToken.purpose.in_(purposes))
        .returning(MailedToken)
    )
    user = await session.get(User, mailed.user_id) if mailed else None
    if mailed is None or user is None or mailed.expires_at <= now() or user.email != mailed.email:
        raise NotFound("mailed_token_invalid", "This link is not valid, or not any more.")
    purpose: Purpose = mailed.purpose
    return user, purpose
