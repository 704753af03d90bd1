"""Teams and their members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Team(Base):
    """A team of one competition."""

    __tablename__ = "teams"
    __table_args__ = (
        UniqueConstraint("id", "competition_id"),
        Index("ix_teams_competition", "competition_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    captain_user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class TeamMember(Base):
    """A person on a team. The primary key says: one team per person and competition."""

    __tablename__ = "team_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["team_id", "competition_id"], ["teams.id", "teams.competition_id"], ondelete="CASCADE"
        ),
        Index("ix_team_members_team", "team_id"),
    )

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    competition_id: Mapped[str] = mapped_column(primary_key=True)
    team_id: Mapped[str]
    joined_at: Mapped[datetime] = mapped_column(default=now)
