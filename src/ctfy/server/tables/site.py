"""The operators' pages, and the images of pages and of the platform itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class SitePage(Base):
    """A page of the operators'; `version` is counted up with each change."""

    __tablename__ = "site_pages"
    __table_args__ = (UniqueConstraint("slug", name="uq_site_pages_slug"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    in_navigation: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(default="draft")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    updated_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Image(Base):
    """An image that was uploaded; its file lies in the store. `purpose`: page, logo or favicon."""

    __tablename__ = "images"
    __table_args__ = (Index("ix_images_purpose", "purpose", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    purpose: Mapped[str]
    name: Mapped[str]
    content_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
