"""requests that were done

A POST that is repeated with its idempotency key is done once: its answer is kept for a day.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE idempotent_requests (
          id VARCHAR NOT NULL,
          body_digest VARCHAR NOT NULL,
          status INTEGER NOT NULL,
          answer BYTEA NOT NULL,
          created_at TIMESTAMP WITH TIME ZONE NOT NULL,
          CONSTRAINT pk_idempotent_requests PRIMARY KEY (id)
        )
        """
    )
    op.execute("CREATE INDEX ix_idempotent_requests_created_at ON idempotent_requests (created_at)")


def downgrade() -> None:
    op.execute("DROP TABLE idempotent_requests")
