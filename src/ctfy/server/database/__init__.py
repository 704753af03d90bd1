"""PostgreSQL: engine, transactions, migrations, and the embedded server."""
