"""Shell sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class ShellSession(Base):
    """A shell that a super admin asked for. The ticket is stored as its SHA-256.

    `burned_at`: the ticket was used. `recording_path`: in the store.
    """

    __tablename__ = "shell_sessions"
    __table_args__ = (
        Index("ix_shell_sessions_open", "user_id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_shell_sessions_requested", "requested_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("instances.id", ondelete="SET NULL"))
    node_id: Mapped[str | None] = mapped_column(ForeignKey("nodes.id", ondelete="SET NULL"))
    ticket_hash: Mapped[str] = mapped_column(unique=True)
    container: Mapped[str]
    shell: Mapped[str]
    reason: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    burned_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str] = mapped_column(default="")
    bytes_in: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes_out: Mapped[int] = mapped_column(BigInteger, default=0)
    force_close_requested: Mapped[bool] = mapped_column(default=False)
    recording_path: Mapped[str] = mapped_column(default="")
    recording_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
