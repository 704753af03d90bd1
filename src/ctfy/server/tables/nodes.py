"""Nodes and the invites that they join with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Node(Base):
    """A worker node. Its token is derived from the platform's secret, never stored.

    `ready_challenges`: those whose images it has; none told: any may be there. `memory_mb` and
    `cpus` are what its instances may take together, `most` what one may: None where it tells none.
    """

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
    overloaded: Mapped[bool] = mapped_column(default=False, server_default="false")
    draining: Mapped[bool] = mapped_column(default=False, server_default="false")
    ready_challenges: Mapped[list[str] | None]
    memory_mb: Mapped[int | None]
    cpus: Mapped[float | None]
    most: Mapped[dict[str, Any] | None]


class NodeSample(Base):
    """A node at one moment, from a heartbeat or from the silence after it."""

    __tablename__ = "node_samples"
    __table_args__ = (
        Index("ix_node_samples_node", "node_id", "sampled_at"),
        Index("ix_node_samples_sampled", "sampled_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    node_id: Mapped[str] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"))
    sampled_at: Mapped[datetime] = mapped_column(default=now)
    is_healthy: Mapped[bool]
    running: Mapped[int]
    cpu_percent: Mapped[float]
    memory_percent: Mapped[float]
    disk_percent: Mapped[float]
    latency_ms: Mapped[float] = mapped_column(default=0.0)


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
