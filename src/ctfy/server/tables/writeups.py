"""What teams wrote on how they solved challenges."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Writeup(Base):
    """A team's write-up of a challenge: Markdown in `text`, or a PDF, `file_id` in the store.

    `notes`, `mark` and the rest of the judges' are for who runs the competition. With
    `published_at` everybody who sees the competition may read it, once that is over.
    """

    __tablename__ = "writeups"
    __table_args__ = (
        UniqueConstraint("team_id", "challenge_id", name="uq_writeups_team_challenge"),
        Index("ix_writeups_competition", "competition_id", "challenge_id"),
        Index("ix_writeups_submitted_by", "submitted_by"),
        Index("ix_writeups_judged_by", "judged_by"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    challenge_id: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    file_id: Mapped[str | None]
    size_bytes: Mapped[int]
    submitted_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    submitted_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    notes: Mapped[str] = mapped_column(default="")
    mark: Mapped[int | None]
    judged_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    judged_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]


def folder_of_writeup(file_id: str) -> str:
    """Where in the store a write-up's file lies."""
    return f"writeups/{file_id}"
