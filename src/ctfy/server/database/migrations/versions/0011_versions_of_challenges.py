"""versions of challenges

The platform keeps challenges itself; an instance is of the version that was current when it was
asked for.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("folder_digest", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
    )
    op.create_table(
        "challenge_versions",
        sa.Column("challenge_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("archive_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name="fk_challenge_versions_created_by",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("challenge_id", "digest", name="pk_challenge_versions"),
    )
    op.create_index(
        "uq_challenge_versions_number",
        "challenge_versions",
        ["challenge_id", "number"],
        unique=True,
    )
    op.create_index("ix_challenge_versions_digest", "challenge_versions", ["digest"])
    op.create_index("ix_challenge_versions_created_by", "challenge_versions", ["created_by"])
    op.create_table(
        "challenge_sources",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("commit", sa.String(), nullable=False),
        sa.Column("seen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name="fk_challenge_sources_created_by",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_challenge_sources"),
    )
    op.create_index("ix_challenge_sources_created_by", "challenge_sources", ["created_by"])
    op.add_column(
        "instances", sa.Column("challenge_digest", sa.String(), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("instances", "challenge_digest")
    op.drop_table("challenge_sources")
    op.drop_table("challenge_versions")
    op.drop_table("challenges")
