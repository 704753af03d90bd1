"""teams and scores

What organisers correct: points by hand, a team's standing, and how an answer was graded.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE awards
          ADD COLUMN awarded_by VARCHAR,
          ADD COLUMN revoked_at TIMESTAMP WITH TIME ZONE,
          ADD CONSTRAINT fk_awards_awarded_by FOREIGN KEY (awarded_by)
            REFERENCES users (id) ON DELETE SET NULL
        """
    )
    op.execute("CREATE INDEX ix_awards_awarded_by ON awards (awarded_by)")
    op.execute(
        """
        ALTER TABLE teams
          ADD COLUMN standing VARCHAR NOT NULL DEFAULT 'ranked',
          ADD COLUMN standing_reason VARCHAR NOT NULL DEFAULT '',
          ADD COLUMN standing_reason_shown BOOLEAN NOT NULL DEFAULT false
        """
    )
    op.execute("ALTER TABLE submissions ADD COLUMN overruled BOOLEAN NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE submissions DROP COLUMN overruled")
    for column in ("standing_reason_shown", "standing_reason", "standing"):
        op.execute(f"ALTER TABLE teams DROP COLUMN {column}")
    op.execute("DROP INDEX ix_awards_awarded_by")
    op.execute("ALTER TABLE awards DROP COLUMN revoked_at, DROP COLUMN awarded_by")
