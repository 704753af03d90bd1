"""Standings as they were, and points that no answer brought."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


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


class Award(Base):
    """Points that a team was given, or that were taken off it, beside what its answers brought.

    Given by who runs the competition, or brought along from another platform: bonuses, penalties,
    and what hints cost there. One that was taken back stays: whoever sees no further than a freeze
    before that still sees it count.
    """

    __tablename__ = "awards"
    __table_args__ = (
        Index("ix_awards_competition", "competition_id"),
        Index("ix_awards_team", "team_id"),
        Index("ix_awards_user", "user_id"),
        Index("ix_awards_awarded_by", "awarded_by"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    points: Mapped[int]
    awarded_at: Mapped[datetime] = mapped_column(default=now)
    awarded_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    revoked_at: Mapped[datetime | None]
