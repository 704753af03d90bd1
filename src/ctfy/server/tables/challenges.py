"""What people said of challenges, and the hints they took."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, now


class Reaction(Base):
    """One reaction of one person to one challenge."""

    __tablename__ = "reactions"
    __table_args__ = (Index("ix_reactions_challenge", "challenge_id", "reaction"),)

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    reaction: Mapped[str] = mapped_column(primary_key=True)
    competition_id: Mapped[str | None] = mapped_column(
        ForeignKey("competitions.id", ondelete="SET NULL")
    )
    team_id: Mapped[str | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class HintUnlock(Base):
    """A hint that a team took. The primary key says: paid once."""

    __tablename__ = "hint_unlocks"
    __table_args__ = (
        Index("ix_hint_unlocks_competition", "competition_id"),
        Index("ix_hint_unlocks_user", "user_id", "competition_id"),
    )

    team_id: Mapped[str] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    hint_id: Mapped[str] = mapped_column(primary_key=True)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    cost: Mapped[int]
    unlocked_at: Mapped[datetime] = mapped_column(default=now)
