"""What operators ask of people at registration, and what those answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class CustomField(Base):
    """A field: a competition's, or without one the platform's.

    `minimum`, `maximum`: of a number; of a text, its length in characters.
    """

    __tablename__ = "custom_fields"
    __table_args__ = (
        Index(
            "uq_custom_fields_platform",
            "name",
            unique=True,
            postgresql_where=text("competition_id IS NULL"),
        ),
        Index("uq_custom_fields_competition", "competition_id", "name", unique=True),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    competition_id: Mapped[str | None] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE")
    )
    name: Mapped[str]
    label: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    required: Mapped[bool] = mapped_column(default=False)
    public: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    options: Mapped[list[str]] = mapped_column(default=list)
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class FieldAnswer(Base):
    """What somebody answered; `competition_id` is the field's.

    `given_at`: when they gave the value that is here, so of a consent when it was given.
    """

    __tablename__ = "field_answers"
    __table_args__ = (
        Index("ix_field_answers_user", "user_id"),
        Index("ix_field_answers_competition", "competition_id", "user_id"),
    )

    field_id: Mapped[str] = mapped_column(
        ForeignKey("custom_fields.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    competition_id: Mapped[str | None] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE")
    )
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=True))
    given_at: Mapped[datetime] = mapped_column(default=now)
