"""whose session links an account elsewhere

An account elsewhere is linked by the session that asked for it, while it lasts.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE oauth_attempts ADD COLUMN link_token_id VARCHAR,"
        " ADD CONSTRAINT fk_oauth_attempts_link_token_id FOREIGN KEY (link_token_id)"
        " REFERENCES tokens (id) ON DELETE CASCADE"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE oauth_attempts DROP COLUMN link_token_id")
