"""the same wrong answer again

It costs no attempt: what was given is known by its digest.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE question_attempts ADD COLUMN given text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE question_attempts DROP COLUMN given")
