"""how a competition runs

Who sees its standings, since when its clock stands still, and whether it can be played for practice
once it is over.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE competitions
          ADD COLUMN scoreboard_visibility VARCHAR NOT NULL DEFAULT 'public',
          ADD COLUMN paused_at TIMESTAMP WITH TIME ZONE,
          ADD COLUMN practice BOOLEAN NOT NULL DEFAULT false
        """
    )


def downgrade() -> None:
    op.execute(
        """
        ALTER TABLE competitions
          DROP COLUMN scoreboard_visibility, DROP COLUMN paused_at, DROP COLUMN practice
        """
    )
