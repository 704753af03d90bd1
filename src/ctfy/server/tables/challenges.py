"""The versions of challenges; what people said of them, and the hints they took."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ctfy.server.database.base import Base, new_id, now


class StoredChallenge(Base):
    """A challenge of the platform, and which of its versions is the current one.

    `source`: where that came from: `folder`, `push` or `git`. `folder_digest`: what the challenges
    folder held when it was looked at last, empty for nothing. Another digest there is news, while
    the same one leaves a rollback and a push alone.
    """

    __tablename__ = "challenges"

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    source: Mapped[str]
    folder_digest: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime] = mapped_column(default=now)


class ChallengeVersion(Base):
    """A version of a challenge: the archive `challenges/<digest>/<id>.tar.gz` of the store.

    `number` counts from 1. `archive_bytes`: none until the archive is there.
    `origin`: where it came from, as `folder`, `push`, or `git <commit>`.
    """

    __tablename__ = "challenge_versions"
    __table_args__ = (
        Index("uq_challenge_versions_number", "challenge_id", "number", unique=True),
        Index("ix_challenge_versions_digest", "digest"),
        Index("ix_challenge_versions_created_by", "created_by"),
    )

    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    bucket: Mapped[str]
    origin: Mapped[str]
    archive_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ChallengeSource(Base):
    """A git repository whose commits become versions.

    `commit`: what was taken in last. `seen`: what that held, the digest of each challenge; another
    one there is news. `error`: what kept the last look from it, or was refused; empty for nothing.
    """

    __tablename__ = "challenge_sources"
    __table_args__ = (Index("ix_challenge_sources_created_by", "created_by"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    url: Mapped[str]
    branch: Mapped[str]
    folder: Mapped[str]
    commit: Mapped[str] = mapped_column(default="")
    seen: Mapped[dict[str, str]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Reaction(Base):
    """One reaction of one person to one challenge."""

    __tablename__ = "reactions"
    __table_args__ = (Index("ix_reactions_challenge", "challenge_id", "reaction"),)

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    reaction: Mapped[str] = mapped_column(primary_key=True)
    competition_id: Mapped[str | None] = mapped_column(
        ForeignKey("competitions.id", ondelete="SET NULL")
    )
    team_id: Mapped[str | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class HintUnlock(Base):
    """A hint that a team took. The primary key says: paid once."""

    __tablename__ = "hint_unlocks"
    __table_args__ = (
        Index("ix_hint_unlocks_competition", "competition_id"),
        Index("ix_hint_unlocks_user", "user_id", "competition_id"),
    )

    team_id: Mapped[str] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[str] = mapped_column(primary_key=True)
    hint_id: Mapped[str] = mapped_column(primary_key=True)
    competition_id: Mapped[str] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    cost: Mapped[int]
    unlocked_at: Mapped[datetime] = mapped_column(default=now)
