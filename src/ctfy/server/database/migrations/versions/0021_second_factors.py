"""second factors

The secrets of authenticators, encrypted, with the step that was used last and the hashes of the
recovery codes that are left.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE totp (
          user_id VARCHAR NOT NULL,
          secret BYTEA NOT NULL,
          confirmed_at TIMESTAMP WITH TIME ZONE,
          last_step INTEGER,
          recovery_hashes JSONB NOT NULL,
          CONSTRAINT pk_totp PRIMARY KEY (user_id),
          CONSTRAINT fk_totp_user_id FOREIGN KEY (user_id)
            REFERENCES users (id) ON DELETE CASCADE
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE totp")
