"""Tasks, what they wrote, and scheduled jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class Task(Base):
    """Work that an operator asked for. `attempts` counts the workers that took it up."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_created", "created_at", "id"),
        Index(
            "ix_tasks_open", "created_at", postgresql_where=text("status IN ('pending', 'running')")
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    progress: Mapped[float] = mapped_column(default=0.0)
    progress_message: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    error_detail: Mapped[str] = mapped_column(default="")
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class TaskLog(Base):
    """A line that a task wrote."""

    __tablename__ = "task_logs"

    task_id: Mapped[str] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(default="info")
    message: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(default=now)


class ScheduledJob(Base):
    """A job that runs by the clock. `interval_s` empty: as often as it does by default."""

    __tablename__ = "scheduled_jobs"

    name: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    interval_s: Mapped[int | None]
    next_run_at: Mapped[datetime] = mapped_column(default=now)
    last_run_at: Mapped[datetime | None]
    last_status: Mapped[str] = mapped_column(default="")
    last_summary: Mapped[str] = mapped_column(default="")
    last_error: Mapped[str] = mapped_column(default="")
    last_duration_s: Mapped[float] = mapped_column(default=0.0)
    run_count: Mapped[int] = mapped_column(default=0)
    updated_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
