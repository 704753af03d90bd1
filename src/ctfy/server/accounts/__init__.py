"""Accounts: signing in, tokens, profiles."""

from __future__ import annotations

from datetime import timedelta

from procrastinate import RetryStrategy
from sqlalchemy import delete, or_

from ctfy.server.access.idempotency import KEPT_FOR
from ctfy.server.accounts import admin_routes, avatars, mail_routes, totp_routes, users
from ctfy.server.accounts.mail import retry_failed, send
from ctfy.server.accounts.people_import import routes as import_routes
from ctfy.server.accounts.people_import.apply import ImportParams, make_accounts
from ctfy.server.accounts.routes import router
from ctfy.server.accounts.service import expire_tokens
from ctfy.server.domain import Domain, Job, PersonalData, Retention, Schedule, Task
from ctfy.server.tables.access import Token
from ctfy.server.tables.accounts import (
    DeviceGrant,
    Identity,
    MailedToken,
    OAuthAttempt,
    PeopleImport,
    PeopleImportRow,
    Totp,
)
from ctfy.server.tables.idempotency import IdempotentRequest
from ctfy.server.tables.rate_limits import RateLimitHit

_WEEK = timedelta(days=7)
_EXPIRY = "token_expiry"

DOMAIN = Domain(
    routers=(
        router,
        totp_routes.router,
        users.router,
        import_routes.router,
        admin_routes.router,
        mail_routes.router,
    ),
    # The token is minted when the mail is sent, so that no job's arguments hold one.
    jobs=(Job("send_mail", send, retry=RetryStrategy(max_attempts=8, exponential_wait=3)),),
    tasks=(Task("people_import", ImportParams, make_accounts),),
    schedules=(
        Schedule("mail_retry", 300, "Sends again what the mail server did not take", retry_failed),
        Schedule(_EXPIRY, 3600, "Deletes tokens that expired", expire_tokens),
    ),
    on_account_deletion=avatars.remove,
    personal_data=(
        PersonalData(Token, "user_id", on_deletion="delete"),
        PersonalData(Identity, "user_id", on_deletion="delete"),
        PersonalData(OAuthAttempt, "link_user_id", on_deletion="delete"),
        PersonalData(Totp, "user_id", on_deletion="delete", exported=False),
        PersonalData(DeviceGrant, "user_id", on_deletion="delete"),
        PersonalData(MailedToken, "user_id", on_deletion="delete"),
        PersonalData(PeopleImport, "created_by", on_deletion="keep", exported=False),
        # What somebody's row held; of their password, nothing readable.
        PersonalData(PeopleImportRow, "user_id", on_deletion="delete", exported=False),
    ),
    retention=(
        Retention(
            lambda _, now: delete(IdempotentRequest).where(
                IdempotentRequest.created_at < now - KEPT_FOR
            )
        ),
        Retention(
            lambda _, now: delete(Token).where(
                or_(Token.expires_at < now - _WEEK, Token.revoked_at < now - _WEEK)
            ),
            _EXPIRY,
        ),
        Retention(
            lambda _, now: delete(PeopleImport).where(PeopleImport.created_at < now - _WEEK),
            _EXPIRY,
        ),
        Retention(lambda _, now: delete(DeviceGrant).where(DeviceGrant.expires_at < now), _EXPIRY),
        Retention(
            lambda _, now: delete(OAuthAttempt).where(OAuthAttempt.expires_at < now), _EXPIRY
        ),
        Retention(lambda _, now: delete(MailedToken).where(MailedToken.expires_at < now), _EXPIRY),
        Retention(
            lambda _, now: delete(RateLimitHit).where(RateLimitHit.expires_at < now), _EXPIRY
        ),
    ),
)
