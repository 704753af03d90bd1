"""who hears of the scoreboard"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RECORD_ATTEMPTS = Path(__file__).with_name("0004_record_attempts.sql")


def upgrade() -> None:
    op.get_bind().exec_driver_sql(RECORD_ATTEMPTS.read_text())


def downgrade() -> None:
    # The function stays: to an attempt of an older server, without an audience, it answers as
    # before. Only the audience is unknown there.
    op.execute("DELETE FROM events WHERE audience = 'competition'")
