"""Achievements that teams have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, now


class Unlock(Base):
    """An achievement of a team. The primary key says: once."""

    __tablename__ = "achievement_unlocks"
    __table_args__ = (
        Index("ix_achievement_unlocks_recent", "unlocked_at"),
        Index("ix_achievement_unlocks_achievement", "achievement_id"),
    )

    team_id: Mapped[str] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    achievement_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    unlocked_at: Mapped[datetime] = mapped_column(default=now)
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
