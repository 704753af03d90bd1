"""people from files

Accounts that operators bring in many at once, with what became of each row; whether who signs in
elsewhere for the first time knows the code that registering takes; and whose password an operator
chose.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE people_imports (
          id VARCHAR NOT NULL,
          created_by VARCHAR,
          created_at TIMESTAMP WITH TIME ZONE NOT NULL,
          encoding VARCHAR NOT NULL,
          delimiter VARCHAR NOT NULL,
          ignored_columns JSONB NOT NULL,
          task_id VARCHAR,
          CONSTRAINT pk_people_imports PRIMARY KEY (id),
          CONSTRAINT fk_people_imports_created_by FOREIGN KEY (created_by)
            REFERENCES users (id) ON DELETE SET NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_people_imports_created ON people_imports (created_at, id)")
    op.execute(
        """
        CREATE TABLE people_import_rows (
          import_id VARCHAR NOT NULL,
          number INTEGER NOT NULL,
          name VARCHAR NOT NULL,
          email VARCHAR NOT NULL,
          password BYTEA,
          team VARCHAR NOT NULL,
          bracket VARCHAR NOT NULL,
          competition VARCHAR NOT NULL,
          competition_id VARCHAR,
          outcome VARCHAR NOT NULL,
          reason VARCHAR NOT NULL,
          detail VARCHAR NOT NULL,
          user_id VARCHAR,
          CONSTRAINT pk_people_import_rows PRIMARY KEY (import_id, number),
          CONSTRAINT fk_people_import_rows_import_id FOREIGN KEY (import_id)
            REFERENCES people_imports (id) ON DELETE CASCADE,
          CONSTRAINT fk_people_import_rows_competition_id FOREIGN KEY (competition_id)
            REFERENCES competitions (id) ON DELETE SET NULL,
          CONSTRAINT fk_people_import_rows_user_id FOREIGN KEY (user_id)
            REFERENCES users (id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ix_people_import_rows_user ON people_import_rows (user_id)")
    op.execute("ALTER TABLE oauth_attempts ADD COLUMN knows_code BOOLEAN NOT NULL DEFAULT false")
    op.execute("ALTER TABLE users ADD COLUMN password_given BOOLEAN NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN password_given")
    op.execute("ALTER TABLE oauth_attempts DROP COLUMN knows_code")
    op.execute("DROP TABLE people_import_rows")
    op.execute("DROP TABLE people_imports")
