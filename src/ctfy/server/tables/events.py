"""The outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from ctfy.server.database.base import Base, now


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"


class OutboxEvent(Base):
    """One event. `(xact, id)` is the order in which readers see it.

    A later id can commit before an earlier one; ordering by transaction, and reading only below
    the oldest transaction still open, is what keeps a resuming reader from skipping any.

    `audit`: what was before and after, for the operators' log alone; readers get the payload.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_order", "xact", "id"),
        Index("ix_events_team", "team_id", "id"),
        Index("ix_events_created", "created_at"),
        Index("ix_events_name", "name", "id"),
        Index("ix_events_actor", "actor_id", "id", postgresql_where=text("actor_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    xact: Mapped[int] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))
    name: Mapped[str]
    audience: Mapped[str]
    team_id: Mapped[str | None]
    actor_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    audit: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Cursor(Base):
    """How far a follower of the events has come: all up to there is done, once."""

    __tablename__ = "event_cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    xact: Mapped[int] = mapped_column(BigInteger)
    id: Mapped[int] = mapped_column(BigInteger)
