"""challenges begun anew

What a reset of a challenge took away, for whoever undoes it, and which submissions it took back.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE challenge_resets (
          id VARCHAR NOT NULL,
          competition_id VARCHAR NOT NULL,
          challenge_id VARCHAR NOT NULL,
          reason VARCHAR NOT NULL,
          counts JSONB NOT NULL,
          taken JSONB NOT NULL,
          reset_by VARCHAR NOT NULL,
          reset_at TIMESTAMP WITH TIME ZONE NOT NULL,
          undone_at TIMESTAMP WITH TIME ZONE,
          CONSTRAINT pk_challenge_resets PRIMARY KEY (id),
          CONSTRAINT fk_challenge_resets_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE CASCADE,
          CONSTRAINT fk_challenge_resets_reset_by FOREIGN KEY (reset_by) REFERENCES users (id)
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_challenge_resets_competition "
        "ON challenge_resets (competition_id, reset_at)"
    )
    op.execute("ALTER TABLE submissions ADD COLUMN reset_id VARCHAR")


def downgrade() -> None:
    op.execute("ALTER TABLE submissions DROP COLUMN reset_id")
    op.execute("DROP TABLE challenge_resets")
