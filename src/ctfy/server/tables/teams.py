"""Teams and their members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Team(Base):
    """A team of one competition.

    `name_folded`, `name_shape`: what its name is compared by (`access/lookalikes.py`). A team that
    nobody is on has none, so that its name is free again. `standing`: `ranked`, `hidden` or
    `disqualified`; one that is not ranked plays, and counts nowhere. Its reason is for who runs the
    competition, and for everybody where it is shown.
    """

    __tablename__ = "teams"
    __table_args__ = (
        UniqueConstraint("id", "competition_id"),
        UniqueConstraint("competition_id", "name_folded", name="uq_teams_competition_name_folded"),
        UniqueConstraint("competition_id", "name_shape", name="uq_teams_competition_name_shape"),
        Index("ix_teams_competition", "competition_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_folded: Mapped[str | None]
    name_shape: Mapped[str | None]
    description: Mapped[str] = mapped_column(default="")
    logo_url: Mapped[str] = mapped_column(default="", server_default="")
    bracket: Mapped[str] = mapped_column(default="", server_default="")
    captain_user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    standing: Mapped[str] = mapped_column(default="ranked", server_default="ranked")
    standing_reason: Mapped[str] = mapped_column(default="", server_default="")
    standing_reason_shown: Mapped[bool] = mapped_column(default=False, server_default="false")


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


class TeamInvite(Base):
    """A way onto a team: a `code`, a `direct` invite, or a person's own `join_request`.

    One person has at most one open direct invite, and one open request, per team.
    """

    __tablename__ = "team_invites"
    __table_args__ = (
        ForeignKeyConstraint(
            ["team_id", "competition_id"], ["teams.id", "teams.competition_id"], ondelete="CASCADE"
        ),
        Index("ix_team_invites_team", "team_id", "created_at"),
        Index(
            "ix_team_invites_open",
            "target_user_id",
            "team_id",
            "kind",
            unique=True,
            postgresql_where=text("status = 'pending' AND target_user_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str]
    team_id: Mapped[str]
    kind: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True)
    target_user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_by_user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    max_uses: Mapped[int] = mapped_column(default=1)
    use_count: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(default="pending")
    ended_at: Mapped[datetime | None]
