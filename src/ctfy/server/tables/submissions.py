"""Submissions and what they scored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Submission(Base):
    """An answer that somebody gave, right or wrong.

    `correct`: whether it counts as right. `overruled`: whoever runs the competition said so,
    against how it was graded. `reset_id`: the reset of its challenge that took it back.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_team", "team_id", "submitted_at"),
        Index("ix_submissions_competition_team", "competition_id", "team_id"),
        Index("ix_submissions_user", "user_id"),
        Index("ix_submissions_submitted", "submitted_at"),
        Index("ix_submissions_instance", "instance_id"),
        Index(
            "ix_submissions_right",
            "competition_id",
            "challenge_id",
            "solve_time_s",
            postgresql_where=text("correct"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    challenge_id: Mapped[str]
    question_id: Mapped[str]
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("instances.id", ondelete="SET NULL"))
    answer: Mapped[str]
    correct: Mapped[bool]
    solve_time_s: Mapped[float] = mapped_column(default=0.0)
    submitted_at: Mapped[datetime] = mapped_column(default=now)
    overruled: Mapped[bool] = mapped_column(default=False, server_default="false")
    reset_id: Mapped[str | None]


class Solve(Base):
    """A question that a team answered. The primary key says: once."""

    __tablename__ = "solves"
    __table_args__ = (
        Index("ix_solves_competition", "competition_id", "challenge_id", "question_id"),
        Index("ix_solves_user", "user_id"),
    )

    team_id: Mapped[str] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    question_id: Mapped[str] = mapped_column(primary_key=True)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
    solved_at: Mapped[datetime] = mapped_column(default=now)


class ChallengeSolve(Base):
    """A challenge that a team solved whole; one rank per team, one team per rank."""

    __tablename__ = "challenge_solves"
    __table_args__ = (UniqueConstraint("competition_id", "challenge_id", "rank"),)

    team_id: Mapped[str] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    rank: Mapped[int]
    solved_at: Mapped[datetime] = mapped_column(default=now)


class QuestionAttempts(Base):
    """How often somebody, on a team, was wrong on a question that has a cap.

    `follows`: whether it counts against other teams of theirs, too; a pardon ends that. `given`:
    digests of the answers, for the same again costs no attempt.
    """

    __tablename__ = "question_attempts"
    __table_args__ = (
        Index("ix_question_attempts_user", "user_id", "competition_id", "challenge_id"),
    )

    team_id: Mapped[str] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    question_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    wrong: Mapped[int] = mapped_column(default=0)
    follows: Mapped[bool] = mapped_column(default=True, server_default="true")
    given: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")


class AnswerDigest(Base):
    """Which team a dynamic answer belongs to, by the answer's keyed digest."""

    __tablename__ = "answer_digests"

    digest: Mapped[str] = mapped_column(primary_key=True)
    instance_id: Mapped[str] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), index=True
    )
    team_id: Mapped[str]
    question_id: Mapped[str]


class AttemptReset(Base):
    """An operator's pardon: a team's wrong answers to a question count no more."""

    __tablename__ = "attempt_resets"
    __table_args__ = (Index("ix_attempt_resets_team", "team_id", "reset_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    challenge_id: Mapped[str]
    question_id: Mapped[str]
    reset_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    reset_at: Mapped[datetime] = mapped_column(default=now)
    reason: Mapped[str] = mapped_column(default="")


class ChallengeReset(Base):
    """A challenge of a competition begun anew: what teams had done there counts no more.

    `taken`: the rows that were taken away or turned, for whoever undoes it. `undone_at`: when.
    """

    __tablename__ = "challenge_resets"
    __table_args__ = (Index("ix_challenge_resets_competition", "competition_id", "reset_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    challenge_id: Mapped[str]
    reason: Mapped[str]
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    taken: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reset_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    reset_at: Mapped[datetime] = mapped_column(default=now)
    undone_at: Mapped[datetime | None]
