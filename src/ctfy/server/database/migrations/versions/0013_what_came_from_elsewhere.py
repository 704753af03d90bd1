"""what came from elsewhere

Competitions that were played on another platform, and points that no answer brought.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE awards (
          id VARCHAR NOT NULL,
          competition_id VARCHAR NOT NULL,
          team_id VARCHAR NOT NULL,
          user_id VARCHAR,
          name VARCHAR NOT NULL,
          description VARCHAR NOT NULL,
          category VARCHAR NOT NULL,
          points INTEGER NOT NULL,
          awarded_at TIMESTAMP WITH TIME ZONE NOT NULL,
          CONSTRAINT pk_awards PRIMARY KEY (id),
          CONSTRAINT fk_awards_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE CASCADE,
          CONSTRAINT fk_awards_team_id FOREIGN KEY (team_id)
            REFERENCES teams (id) ON DELETE CASCADE,
          CONSTRAINT fk_awards_user_id FOREIGN KEY (user_id)
            REFERENCES users (id) ON DELETE SET NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_awards_competition ON awards (competition_id)")
    op.execute("CREATE INDEX ix_awards_team ON awards (team_id)")
    op.execute("CREATE INDEX ix_awards_user ON awards (user_id)")
    op.execute(
        """
        CREATE TABLE moved_competitions (
          competition_id VARCHAR NOT NULL,
          source VARCHAR NOT NULL,
          digest VARCHAR NOT NULL,
          moved_at TIMESTAMP WITH TIME ZONE NOT NULL,
          account_ids TEXT[] NOT NULL,
          challenges JSONB NOT NULL,
          report JSONB NOT NULL,
          CONSTRAINT pk_moved_competitions PRIMARY KEY (competition_id),
          CONSTRAINT fk_moved_competitions_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ix_moved_competitions_digest ON moved_competitions (digest)")


def downgrade() -> None:
    op.execute("DROP TABLE moved_competitions")
    op.execute("DROP TABLE awards")
