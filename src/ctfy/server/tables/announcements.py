"""Announcements and who has read them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Announcement(Base):
    """A message to everybody, shown from `starts_at` to `ends_at`; without them, always.

    With a `competition_id` it is for those who take part in that, and of these for one `bracket`
    or one team alone, where it names one. `shown_at`: when those whom it is for were told.
    """

    __tablename__ = "announcements"
    __table_args__ = (
        Index("ix_announcements_created", "created_at"),
        Index("ix_announcements_waiting", "starts_at", postgresql_where=text("shown_at IS NULL")),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    severity: Mapped[str] = mapped_column(default="info")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    competition_id: Mapped[str | None] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE")
    )
    bracket: Mapped[str | None]
    team_id: Mapped[str | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    shown_at: Mapped[datetime | None]


class AnnouncementRead(Base):
    """Who has read which announcement."""

    __tablename__ = "announcement_reads"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    announcement_id: Mapped[str] = mapped_column(
        ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True
    )
    read_at: Mapped[datetime] = mapped_column(default=now)
