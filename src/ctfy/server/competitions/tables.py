"""Competitions and their challenges."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Competition(Base):
    """A competition. No `starts_at`: already running; no `ends_at`: never over."""

    __tablename__ = "competitions"
    __table_args__ = (Index("ix_competitions_created", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(default="draft")
    access: Mapped[str] = mapped_column(default="public")
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class CompetitionChallenge(Base):
    """A challenge in a competition; `solves` counts the teams that solved it whole."""

    __tablename__ = "competition_challenges"

    competition_id: Mapped[str] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    position: Mapped[int]
    solves: Mapped[int] = mapped_column(default=0)
