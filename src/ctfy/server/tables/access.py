"""People and their tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false, func
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class User(Base):
    """A person. `email` is kept in lower case; none where a provider named none.

    `password_given`: an operator chose the password, so somebody else may know it.
    `visibility` says per profile field whether others see it. A deleted person's row stays, with
    nothing personal in it, because submissions stay.
    """

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_created", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str | None] = mapped_column(unique=True)
    email_verified_at: Mapped[datetime | None]
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    password_given: Mapped[bool] = mapped_column(default=False, server_default=false())
    role: Mapped[str] = mapped_column(default="user")
    avatar_url: Mapped[str] = mapped_column(default="", server_default="")
    bio: Mapped[str | None]
    country: Mapped[str | None]
    website_url: Mapped[str | None]
    timezone: Mapped[str | None]
    social_links: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    visibility: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_active_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    promoted_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    promoted_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    suspended_reason: Mapped[str] = mapped_column(default="", server_default="")


class Token(Base):
    """A bearer token, stored as its SHA-256."""

    __tablename__ = "tokens"
    __table_args__ = (Index("ix_tokens_user", "user_id", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now, server_default=func.now())
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    ip_address: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")
    competition_access: Mapped[str] = mapped_column(default="none")
    competition_ids: Mapped[list[str]] = mapped_column(default=list)
    permissions: Mapped[dict[str, Any]] = mapped_column(default=dict)


class CompetitionAdmin(Base):
    """Who administers one competition, and nothing else."""

    __tablename__ = "competition_admins"
    __table_args__ = (Index("ix_competition_admins_user", "user_id"),)

    competition_id: Mapped[str] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    granted_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    granted_at: Mapped[datetime] = mapped_column(default=now)
