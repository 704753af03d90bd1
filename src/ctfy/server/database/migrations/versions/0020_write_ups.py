"""write-ups

What teams wrote on how they solved challenges, up to a moment that the competition names.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE competitions ADD COLUMN writeups_until TIMESTAMP WITH TIME ZONE")
    op.execute(
        """
        CREATE TABLE writeups (
          id VARCHAR NOT NULL,
          competition_id VARCHAR NOT NULL,
          team_id VARCHAR NOT NULL,
          challenge_id VARCHAR NOT NULL,
          text VARCHAR NOT NULL,
          file_id VARCHAR,
          size_bytes INTEGER NOT NULL,
          submitted_by VARCHAR,
          submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
          updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
          notes VARCHAR NOT NULL,
          mark INTEGER,
          judged_by VARCHAR,
          judged_at TIMESTAMP WITH TIME ZONE,
          published_at TIMESTAMP WITH TIME ZONE,
          CONSTRAINT pk_writeups PRIMARY KEY (id),
          CONSTRAINT uq_writeups_team_challenge UNIQUE (team_id, challenge_id),
          CONSTRAINT fk_writeups_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE CASCADE,
          CONSTRAINT fk_writeups_team_id FOREIGN KEY (team_id)
            REFERENCES teams (id) ON DELETE CASCADE,
          CONSTRAINT fk_writeups_submitted_by FOREIGN KEY (submitted_by)
            REFERENCES users (id) ON DELETE SET NULL,
          CONSTRAINT fk_writeups_judged_by FOREIGN KEY (judged_by)
            REFERENCES users (id) ON DELETE SET NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_writeups_competition ON writeups (competition_id, challenge_id)")
    op.execute("CREATE INDEX ix_writeups_submitted_by ON writeups (submitted_by)")
    op.execute("CREATE INDEX ix_writeups_judged_by ON writeups (judged_by)")


def downgrade() -> None:
    op.execute("DROP TABLE writeups")
    op.execute("ALTER TABLE competitions DROP COLUMN writeups_until")
