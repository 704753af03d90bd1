"""Requests that were done, for whoever sends one of them again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, now


class IdempotentRequest(Base):
    """A POST that was done, by a digest of who sent it, where to, and its idempotency key.

    `body_digest` is of what it asked, which may hold a password; the answer may hold a token that
    is stored nowhere else. So both are kept by keys that only the request itself yields.
    """

    __tablename__ = "idempotent_requests"

    id: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[str]
    status: Mapped[int]
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
