"""Mail with a link: to verify an address, to set a new password. Sent by jobs, retried."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import NotFound
from ctfy.server.access.secrets import token_hash
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.jobs.queue import Jobs
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User
from ctfy.server.tables.accounts import MailedToken

Purpose = Literal["verify", "reset"]
_LIFETIME = {"verify": timedelta(days=7), "reset": timedelta(hours=1)}
_PATHS = {"verify": "/verify-email", "reset": "/reset-password"}
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
}


_FAILED = Statement(
    """
    SELECT id FROM procrastinate_jobs
    WHERE task_name = 'send_mail' AND status = 'failed' AND attempts < :most LIMIT 100
    """
)
_MOST_ATTEMPTS = 24


async def retry_failed(database: Database, jobs: Jobs) -> str:
    """Give mails another try that were given up; how many. None is tried for ever."""
    rows = await database.read(_FAILED, most=_MOST_ATTEMPTS)
    for row in rows:
        await jobs.app.job_manager.retry_job_by_id_async(row.id, retry_at=now())
    return f"{len(rows)} tried again"


async def send(settings: Settings, database: Database, user_id: str, purpose: Purpose) -> None:
    """Mail a fresh link to somebody; an earlier one for the same purpose stops working."""
    token = secrets.token_urlsafe(32)
    async with database.transaction() as session:
        user = await session.get(User, user_id)
        if user is None or user.email is None:
            return
        address = user.email
        await session.execute(
            delete(MailedToken).where(
                MailedToken.user_id == user_id, MailedToken.purpose == purpose
            )
        )
        session.add(
            MailedToken(
                hash=token_hash(token),
                user_id=user_id,
                purpose=purpose,
                email=address,
                expires_at=now() + _LIFETIME[purpose],
            )
        )
    await _deliver(settings, address, purpose, token)


async def _deliver(settings: Settings, address: str, purpose: Purpose, token: str) -> None:
    # With the first mail, for most servers send none.
    from email.message import EmailMessage

    import aiosmtplib

    subject, words = _WORDS[purpose]
    subject = f"{subject} · {settings.event_name}"
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.smtp_from, address, subject
    # After the `#`: a browser sends it to no server, so no log holds it.
    message.set_content(f"{words}\n\n{settings.url}{_PATHS[purpose]}#token={token}\n")
    await aiosmtplib.send(
        message,
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username or None,
        password=settings.smtp_password or None,
        use_tls=settings.smtp_tls == "tls",
        start_tls=settings.smtp_tls == "starttls",
        timeout=30,
    )


async def request(
    session: AsyncSession, settings: Settings, jobs: Jobs, user_id: str, purpose: Purpose
) -> None:
    """Have a mail sent. Raises `mail_not_configured` where no mail server is set."""
    require_configured(settings)
    await jobs.defer(session, "send_mail", user_id=user_id, purpose=purpose)


def require_configured(settings: Settings) -> None:
    """Raise `mail_not_configured` where no mail server is set."""
    if not settings.smtp_host:
        raise NotFound("mail_not_configured", "This server sends no mail.")


async def redeem(session: AsyncSession, token: str, purpose: Purpose) -> User:
    """The person that a mailed link was for; it works once. Raises `mailed_token_invalid`.

    A link to an address that the account has no longer is no use.
    """
    mailed = await session.scalar(
        delete(MailedToken)
        .where(MailedToken.hash == token_hash(token), MailedToken.purpose == purpose)
        .returning(MailedToken)
    )
    user = await session.get(User, mailed.user_id) if mailed else None
    if mailed is None or user is None or mailed.expires_at <= now() or user.email != mailed.email:
        raise NotFound("mailed_token_invalid", "This link is not valid, or not any more.")
    return user
