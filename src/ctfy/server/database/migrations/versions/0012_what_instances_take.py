"""what instances take

Placement counts memory and processors beside places. Instances that are there count as those do
whose challenge says nothing; a node that does not say what it offers is asked for places alone.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE instances ADD COLUMN memory_mb integer NOT NULL DEFAULT 512")
    op.execute("ALTER TABLE instances ADD COLUMN cpus double precision NOT NULL DEFAULT 1")
    op.execute("ALTER TABLE instances ADD COLUMN asks jsonb NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE nodes ADD COLUMN memory_mb integer")
    op.execute("ALTER TABLE nodes ADD COLUMN cpus double precision")
    op.execute("ALTER TABLE nodes ADD COLUMN most jsonb")


def downgrade() -> None:
    for column in ("most", "cpus", "memory_mb"):
        op.execute(f"ALTER TABLE nodes DROP COLUMN {column}")
    for column in ("asks", "cpus", "memory_mb"):
        op.execute(f"ALTER TABLE instances DROP COLUMN {column}")
