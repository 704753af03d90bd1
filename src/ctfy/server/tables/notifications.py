"""Channels to the outside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class NotificationChannel(Base):
    """Where the platform tells of what happens, and of which events.

    `address` and `secret` are sealed; `shown_address` is what operators see of the former.
    `competition_id`: of its events alone. `last_ok`: whether the last message arrived; `last_said`:
    what came back.
    """

    __tablename__ = "notification_channels"
    __table_args__ = (Index("ix_notification_channels_created", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    kind: Mapped[str]
    address: Mapped[bytes]
    shown_address: Mapped[str]
    secret: Mapped[bytes | None]
    events: Mapped[list[str]]
    competition_id: Mapped[str | None] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE")
    )
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    last_sent_at: Mapped[datetime | None]
    last_ok: Mapped[bool | None]
    last_said: Mapped[str] = mapped_column(default="")
