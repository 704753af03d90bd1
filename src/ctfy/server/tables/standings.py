"""Standings as they were."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base


class StandingSnapshot(Base):
    """One team's place at one moment."""

    __tablename__ = "standing_snapshots"
    __table_args__ = (
        Index("ix_standing_snapshots_competition", "competition_id", "taken_at"),
        Index("ix_standing_snapshots_taken", "taken_at", "rank"),
    )

    team_id: Mapped[str] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    taken_at: Mapped[datetime] = mapped_column(primary_key=True)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    rank: Mapped[int]
    solved: Mapped[int]
    attempts: Mapped[int]
    points: Mapped[int]
