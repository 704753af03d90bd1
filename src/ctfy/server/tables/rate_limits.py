"""What was counted for rate limits that hold over all replicas."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base


class RateLimitHit(Base):
    """One use of something limited, by a digest of what it is and who did it.

    The table is unlogged: PostgreSQL empties it when it crashes, and writes each row once.
    """

    __tablename__ = "rate_limit_hits"
    __table_args__ = (
        Index("ix_rate_limit_hits_key_at", "key", "at"),
        {"prefixes": ["UNLOGGED"]},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str]
    at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
