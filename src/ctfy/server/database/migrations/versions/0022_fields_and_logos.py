"""custom fields and team logos

What operators ask of people at registration, what those answered, and the logos of teams.
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE custom_fields (
          id VARCHAR NOT NULL,
          competition_id VARCHAR,
          name VARCHAR NOT NULL,
          label VARCHAR NOT NULL,
          description VARCHAR NOT NULL,
          kind VARCHAR NOT NULL,
          required BOOLEAN NOT NULL,
          public BOOLEAN NOT NULL,
          position INTEGER NOT NULL,
          options JSONB NOT NULL,
          minimum FLOAT,
          maximum FLOAT,
          created_at TIMESTAMP WITH TIME ZONE NOT NULL,
          CONSTRAINT pk_custom_fields PRIMARY KEY (id),
          CONSTRAINT fk_custom_fields_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_custom_fields_platform ON custom_fields (name)"
        " WHERE competition_id IS NULL"
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_custom_fields_competition ON custom_fields (competition_id, name)"
    )
    op.execute(
        """
        CREATE TABLE field_answers (
          field_id VARCHAR NOT NULL,
          user_id VARCHAR NOT NULL,
          competition_id VARCHAR,
          value JSONB NOT NULL,
          given_at TIMESTAMP WITH TIME ZONE NOT NULL,
          CONSTRAINT pk_field_answers PRIMARY KEY (field_id, user_id),
          CONSTRAINT fk_field_answers_field_id FOREIGN KEY (field_id)
            REFERENCES custom_fields (id) ON DELETE CASCADE,
          CONSTRAINT fk_field_answers_user_id FOREIGN KEY (user_id)
            REFERENCES users (id) ON DELETE CASCADE,
          CONSTRAINT fk_field_answers_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ix_field_answers_user ON field_answers (user_id)")
    op.execute(
        "CREATE INDEX ix_field_answers_competition ON field_answers (competition_id, user_id)"
    )
    op.execute("ALTER TABLE teams ADD COLUMN logo_url VARCHAR DEFAULT '' NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE teams DROP COLUMN logo_url")
    op.execute("DROP TABLE field_answers")
    op.execute("DROP TABLE custom_fields")
