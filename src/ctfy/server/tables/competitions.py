"""Competitions and their challenges."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    false,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Competition(Base):
    """A competition. No `starts_at`: already running; no `ends_at`: never over.

    `paused_at`: since when its clock stands still. `practice`: who takes part goes on after the
    end; what is solved from then on counts nowhere, as `is_over_at` says.
    `writeups_until`: up to when teams hand in write-ups; none: it takes no write-ups.
    """

    __tablename__ = "competitions"
    __table_args__ = (Index("ix_competitions_created", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    rules: Mapped[str] = mapped_column(default="", server_default="")
    prizes: Mapped[str] = mapped_column(default="", server_default="")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(default="draft")
    access: Mapped[str] = mapped_column(default="public")
    registration_opens_at: Mapped[datetime | None]
    registration_closes_at: Mapped[datetime | None]
    freezes_at: Mapped[datetime | None]
    writeups_until: Mapped[datetime | None]
    rank_by: Mapped[str] = mapped_column(default="solved", server_default="solved")
    first_blood_bonus: Mapped[int] = mapped_column(default=0, server_default="0")
    brackets: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    max_team_size: Mapped[int | None]
    max_instances_per_team: Mapped[int | None]
    scoreboard_visibility: Mapped[str] = mapped_column(default="public", server_default="public")
    paused_at: Mapped[datetime | None]
    practice: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def of(cls, row: Any) -> Competition:
        """The competition in a row that has its columns, whatever else it has."""
        return cls(**{name: row[name] for name in cls.__table__.columns.keys()})  # noqa: SIM118

    def time_at(self, moment: datetime) -> datetime:
        """What its clock shows: the moment, or while it is paused that of the pause."""
        return moment if self.paused_at is None else min(moment, self.paused_at)

    def is_over_at(self, moment: datetime) -> bool:
        """Whether it had ended at a moment that the clock was not stopped at.

        What is solved from then on counts nowhere, by whatever time the end is now. Boards
        (`standings/board.py`) and `access/view.py` have the same in their own words.
        """
        return self.ends_at is not None and moment >= self.ends_at

    def phase_at(self, moment: datetime) -> Literal["upcoming", "running", "past"]:
        """The phase by its clock."""
        moment = self.time_at(moment)
        if self.starts_at is not None and moment < self.starts_at:
            return "upcoming"
        if self.ends_at is not None and moment >= self.ends_at:
            return "past"
        return "running"


# The ids of those whose clock stands still; an archived one has none any more.
PAUSED = select(Competition.id).where(
    Competition.paused_at.is_not(None), Competition.status == "published"
)


class CompetitionChallenge(Base):
    """A challenge in a competition; `solves` counts the teams that solved it whole.

    `release_at`: when a draft becomes visible by itself. What is empty is as the challenge says:
    its `value` in points, or how that falls; its `max_attempts`, wrong answers to each question;
    the `lifetime_s` of an instance. `ends_when_solved`: an instance ends once its team solved it.
    """

    __tablename__ = "competition_challenges"
    __table_args__ = (
        Index(
            "ix_competition_challenges_release",
            "release_at",
            postgresql_where=text("state = 'draft' AND release_at IS NOT NULL"),
        ),
    )

    competition_id: Mapped[str] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    position: Mapped[int]
    solves: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="visible", server_default="visible")
    release_at: Mapped[datetime | None]
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    max_attempts: Mapped[int | None]
    lifetime_s: Mapped[int | None]
    ends_when_solved: Mapped[bool] = mapped_column(default=False, server_default=false())


class CompetitionInvite(Base):
    """Who may take part in a private competition; by address until an account has it."""

    __tablename__ = "competition_invites"
    __table_args__ = (
        UniqueConstraint("competition_id", "user_id"),
        UniqueConstraint("competition_id", "email"),
        CheckConstraint("user_id IS NOT NULL OR email IS NOT NULL", name="somebody"),
        Index("ix_competition_invites_user", "user_id"),
        Index("ix_competition_invites_email", "email"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str | None]
    invited_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    invited_at: Mapped[datetime] = mapped_column(default=now)


class MovedCompetition(Base):
    """A competition that came from another platform, and what came with it: it can be undone.

    `digest`: of the file, which is not brought in twice. `account_ids`: the accounts that were made
    for it. `challenges`: the folders that were written, each with what it holds.
    """

    __tablename__ = "moved_competitions"

    competition_id: Mapped[str] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True
    )
    source: Mapped[str]
    digest: Mapped[str] = mapped_column(index=True)
    moved_at: Mapped[datetime] = mapped_column(default=now)
    account_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    challenges: Mapped[dict[str, str]] = mapped_column(default=dict)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
