"""Nodes and the invites that they join with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Node(Base):
    """A worker node. Its token is derived from the platform's secret, never stored."""

    __tablename__ = "nodes"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    url: Mapped[str]
    display_name: Mapped[str]
    capacity: Mapped[int]
    running: Mapped[int] = mapped_column(default=0)
    labels: Mapped[dict[str, str]] = mapped_column(default=dict)
    is_healthy: Mapped[bool] = mapped_column(default=True)
    cpu_percent: Mapped[float] = mapped_column(default=0.0)
    memory_percent: Mapped[float] = mapped_column(default=0.0)
    disk_percent: Mapped[float] = mapped_column(default=0.0)
    registered_at: Mapped[datetime] = mapped_column(default=now)
    last_heartbeat: Mapped[datetime] = mapped_column(default=now)


class NodeInvite(Base):
    """A one-time registration token, stored as its SHA-256."""

    __tablename__ = "node_invites"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    consumed_at: Mapped[datetime | None]
    consumed_by_node_id: Mapped[str | None] = mapped_column(
        ForeignKey("nodes.id", ondelete="SET NULL")
    )
