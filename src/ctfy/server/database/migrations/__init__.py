"""What Alembic runs; `migrate` says when."""
