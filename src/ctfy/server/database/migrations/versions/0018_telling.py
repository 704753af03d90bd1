"""telling

Channels at which the platform tells the outside what happens, and announcements to one
competition, one bracket or one team.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE notification_channels (
          id VARCHAR NOT NULL,
          name VARCHAR NOT NULL,
          kind VARCHAR NOT NULL,
          address BYTEA NOT NULL,
          shown_address VARCHAR NOT NULL,
          secret BYTEA,
          events JSONB NOT NULL,
          competition_id VARCHAR,
          enabled BOOLEAN NOT NULL,
          created_at TIMESTAMP WITH TIME ZONE NOT NULL,
          updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
          last_sent_at TIMESTAMP WITH TIME ZONE,
          last_ok BOOLEAN,
          last_said VARCHAR NOT NULL,
          CONSTRAINT pk_notification_channels PRIMARY KEY (id),
          CONSTRAINT fk_notification_channels_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_notification_channels_created ON notification_channels (created_at, id)"
    )
    op.execute(
        """
        ALTER TABLE announcements
          ADD COLUMN competition_id VARCHAR
            CONSTRAINT fk_announcements_competition_id
            REFERENCES competitions (id) ON DELETE CASCADE,
          ADD COLUMN bracket VARCHAR,
          ADD COLUMN team_id VARCHAR
            CONSTRAINT fk_announcements_team_id REFERENCES teams (id) ON DELETE CASCADE,
          ADD COLUMN shown_at TIMESTAMP WITH TIME ZONE
        """
    )
    # Everybody was told of these when they were written, or reads of them since.
    op.execute(
        "UPDATE announcements SET shown_at = now() WHERE coalesce(starts_at, now()) <= now()"
    )
    op.execute(
        "CREATE INDEX ix_announcements_waiting ON announcements (starts_at) WHERE shown_at IS NULL"
    )


def downgrade() -> None:
    # Without their columns, everybody would read what was for some.
    op.execute("DELETE FROM announcements WHERE competition_id IS NOT NULL")
    # Servers of the version before know no brackets as an audience.
    op.execute("UPDATE events SET audience = 'admins' WHERE audience = 'bracket'")
    op.execute("DROP INDEX ix_announcements_waiting")
    op.execute(
        """
        ALTER TABLE announcements
          DROP COLUMN shown_at, DROP COLUMN team_id, DROP COLUMN bracket,
          DROP COLUMN competition_id
        """
    )
    op.execute("DROP TABLE notification_channels")
