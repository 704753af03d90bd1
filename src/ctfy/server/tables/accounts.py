"""Ways to sign in besides a password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Identity(Base):
    """A person's account elsewhere: `provider` names the issuer, `subject` the account there."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("provider", "subject"),
        UniqueConstraint("user_id", "provider"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str] = mapped_column(default="")
    display_name: Mapped[str] = mapped_column(default="")
    login: Mapped[str] = mapped_column(default="")
    avatar_url: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime] = mapped_column(default=now)


class Totp(Base):
    """A person's second factor; on once it is confirmed.

    `secret` is encrypted. `last_step`: the newest whose code was used; none up to it works again.
    """

    __tablename__ = "totp"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]
    recovery_hashes: Mapped[list[str]] = mapped_column(default=list)


class OAuthAttempt(Base):
    """A sign-in that is at the provider now; taken out when it comes back.

    `link_user_id`: links to that account instead of signing in, while the session of
    `link_token_id` lasts, which asked for it. `knows_code`: may make an account where that takes
    the organisers' code.
    """

    __tablename__ = "oauth_attempts"
    __table_args__ = (Index("ix_oauth_attempts_expiry", "expires_at"),)

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str]
    verifier: Mapped[str]
    nonce: Mapped[str]
    redirect_to: Mapped[str] = mapped_column(default="/")
    link_user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    link_token_id: Mapped[str | None] = mapped_column(ForeignKey("tokens.id", ondelete="CASCADE"))
    knows_code: Mapped[bool] = mapped_column(default=False, server_default=false())
    expires_at: Mapped[datetime]


class DeviceGrant(Base):
    """A device that waits for its person to approve it in a browser (RFC 8628)."""

    __tablename__ = "device_grants"
    __table_args__ = (Index("ix_device_grants_expiry", "expires_at"),)

    device_hash: Mapped[str] = mapped_column(primary_key=True)
    user_code: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(default="pending")
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    requested_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    ip_address: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")


class MailedToken(Base):
    """A link that was mailed: to verify the address, or to set a new password."""

    __tablename__ = "mailed_tokens"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    email: Mapped[str]
    expires_at: Mapped[datetime]


class PeopleImport(Base):
    """A file of people that an operator sent: what it holds, and what became of it.

    `competition_id`: of the rows that name none. `task_id`: what makes the accounts.
    """

    __tablename__ = "people_imports"
    __table_args__ = (Index("ix_people_imports_created", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    encoding: Mapped[str]
    delimiter: Mapped[str]
    ignored_columns: Mapped[list[str]] = mapped_column(default=list)
    task_id: Mapped[str | None]


class PeopleImportRow(Base):
    """A row of such a file. `password` is encrypted, and goes once the account is made."""

    __tablename__ = "people_import_rows"
    __table_args__ = (Index("ix_people_import_rows_user", "user_id"),)

    import_id: Mapped[str] = mapped_column(
        ForeignKey("people_imports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    password: Mapped[bytes | None] = mapped_column(LargeBinary)
    team: Mapped[str]
    bracket: Mapped[str]
    competition: Mapped[str]
    competition_id: Mapped[str | None] = mapped_column(
        ForeignKey("competitions.id", ondelete="SET NULL")
    )
    outcome: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
