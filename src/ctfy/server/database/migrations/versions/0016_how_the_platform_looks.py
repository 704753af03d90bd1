"""how the platform looks

Pages of the operators', images, and a competition's rules and prizes.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE site_pages (
          id VARCHAR NOT NULL,
          slug VARCHAR NOT NULL,
          title VARCHAR NOT NULL,
          body VARCHAR NOT NULL,
          position INTEGER NOT NULL,
          in_navigation BOOLEAN NOT NULL,
          status VARCHAR NOT NULL,
          version INTEGER NOT NULL,
          created_at TIMESTAMP WITH TIME ZONE NOT NULL,
          updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
          updated_by VARCHAR,
          CONSTRAINT pk_site_pages PRIMARY KEY (id),
          CONSTRAINT uq_site_pages_slug UNIQUE (slug),
          CONSTRAINT fk_site_pages_updated_by FOREIGN KEY (updated_by)
            REFERENCES users (id) ON DELETE SET NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE images (
          id VARCHAR NOT NULL,
          purpose VARCHAR NOT NULL,
          name VARCHAR NOT NULL,
          content_type VARCHAR NOT NULL,
          width INTEGER NOT NULL,
          height INTEGER NOT NULL,
          size_bytes INTEGER NOT NULL,
          created_at TIMESTAMP WITH TIME ZONE NOT NULL,
          created_by VARCHAR,
          CONSTRAINT pk_images PRIMARY KEY (id),
          CONSTRAINT fk_images_created_by FOREIGN KEY (created_by)
            REFERENCES users (id) ON DELETE SET NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_images_purpose ON images (purpose, created_at)")
    op.execute(
        """
        ALTER TABLE competitions
          ADD COLUMN rules VARCHAR NOT NULL DEFAULT '',
          ADD COLUMN prizes VARCHAR NOT NULL DEFAULT ''
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE competitions DROP COLUMN prizes, DROP COLUMN rules")
    op.execute("DROP TABLE images")
    op.execute("DROP TABLE site_pages")
