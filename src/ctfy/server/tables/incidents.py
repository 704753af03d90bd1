"""Incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Incident(Base):
    """Something that operators should look at, with the evidence for it.

    `fingerprint` says what it is about, so that the same is told once.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        Index("ix_incidents_competition", "competition_id", "created_at"),
        Index("ix_incidents_created", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    team_id: Mapped[str | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    challenge_id: Mapped[str] = mapped_column(default="")
    question_id: Mapped[str] = mapped_column(default="")
    submission_id: Mapped[str | None] = mapped_column(
        ForeignKey("submissions.id", ondelete="SET NULL")
    )
    other_team_id: Mapped[str | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"))
    other_instance_id: Mapped[str | None] = mapped_column(
        ForeignKey("instances.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime] = mapped_column(default=now)
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    fingerprint: Mapped[str | None] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(default="open", server_default="open")
    note: Mapped[str] = mapped_column(default="", server_default="")
    resolved_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    resolved_at: Mapped[datetime | None]
