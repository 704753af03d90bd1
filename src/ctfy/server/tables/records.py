"""The archive of ended instances."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, now


class InstanceRecord(Base):
    """What the archive holds of an ended instance; `pruned_at`: its files are gone since."""

    __tablename__ = "instance_records"
    __table_args__ = (
        Index(
            "ix_instance_records_archived",
            "archived_at",
            postgresql_where=text("pruned_at IS NULL"),
        ),
    )

    instance_id: Mapped[str] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    artifact_dir: Mapped[str]
    has_manifest: Mapped[bool] = mapped_column(default=False)
    has_container_log: Mapped[bool] = mapped_column(default=False)
    events_count: Mapped[int] = mapped_column(default=0)
    submissions_count: Mapped[int] = mapped_column(default=0)
    traffic_count: Mapped[int] = mapped_column(default=0)
    pcap_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    total_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    archived_at: Mapped[datetime] = mapped_column(default=now)
    pruned_at: Mapped[datetime | None]
