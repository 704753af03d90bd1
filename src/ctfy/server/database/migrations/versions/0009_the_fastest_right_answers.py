"""the fastest right answers

Whether a right answer is the fastest to its challenge is asked at each of them.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_submissions_right"
        " ON submissions (competition_id, challenge_id, solve_time_s) WHERE correct"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_submissions_right")
