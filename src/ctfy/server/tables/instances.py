"""Instances."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class State(StrEnum):
    """Where an instance is: `requested -> starting -> ready -> stopping -> stopped`, or `error`."""

    REQUESTED = "requested"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ERROR = "error"


ON_NODE = (State.STARTING, State.READY, State.STOPPING)
ALIVE = (State.REQUESTED, State.STARTING, State.READY)


class Instance(Base):
    """One instance. `ttl` in seconds; it counts from the moment of the request.

    `memory_mb` and `cpus` are what it counts as on its node; `asks` is what its challenge says
    that it takes, by the names of `ctfy.challenge.limits.Limits`.
    """

    __tablename__ = "instances"
    __table_args__ = (
        Index("ix_instances_team", "team_id", "requested_at"),
        Index(
            "ix_instances_on_node",
            "node_id",
            postgresql_where=text("state IN ('starting', 'ready', 'stopping')"),
        ),
        Index("ix_instances_queue", "requested_at", postgresql_where=text("state = 'requested'")),
        Index(
            "ix_instances_expiry",
            "expires_at",
            postgresql_where=text("state IN ('requested', 'starting', 'ready')"),
        ),
        Index("ix_instances_challenge", "challenge_id", "requested_at"),
        Index("ix_instances_requested", "requested_at"),
        Index(
            "ix_instances_ended",
            "stopped_at",
            "id",
            postgresql_where=text("state IN ('stopped', 'error')"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    challenge_id: Mapped[str]
    challenge_digest: Mapped[str] = mapped_column(default="", server_default="")
    node_id: Mapped[str | None] = mapped_column(ForeignKey("nodes.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(default=State.REQUESTED)
    ttl: Mapped[int]
    requested_at: Mapped[datetime] = mapped_column(default=now)
    ready_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    stop_reason: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    surface: Mapped[dict[str, Any] | None]
    node_labels: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    memory_mb: Mapped[int] = mapped_column(default=512, server_default="512")
    cpus: Mapped[float] = mapped_column(default=1.0, server_default=text("1"))
    asks: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
