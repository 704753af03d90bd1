"""challenges of competitions

A challenge has a state in each competition, may be released later, and its rules there.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE competition_challenges
          ADD COLUMN state VARCHAR NOT NULL DEFAULT 'visible',
          ADD COLUMN release_at TIMESTAMP WITH TIME ZONE,
          ADD COLUMN value JSONB,
          ADD COLUMN max_attempts INTEGER,
          ADD COLUMN lifetime_s INTEGER,
          ADD COLUMN ends_when_solved BOOLEAN NOT NULL DEFAULT false
        """
    )
    op.execute(
        """
        CREATE INDEX ix_competition_challenges_release ON competition_challenges (release_at)
        WHERE state = 'draft' AND release_at IS NOT NULL
        """
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_competition_challenges_release")
    for column in (
        "ends_when_solved",
        "lifetime_s",
        "max_attempts",
        "value",
        "release_at",
        "state",
    ):
        op.execute(f"ALTER TABLE competition_challenges DROP COLUMN {column}")
