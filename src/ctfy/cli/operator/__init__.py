"""`ctfy-admin`, for operators. Commands load what they need when they run."""

from __future__ import annotations

import typer

from ctfy.cli.operator import challenge, db, node, server, up

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("up")(up.up)
app.command("worker")(server.worker)
app.add_typer(server.app, name="server", help="The platform's server")
app.add_typer(node.app, name="node", help="Worker nodes")
app.add_typer(db.app, name="db", help="The database: backup, restore, migrations")
app.add_typer(challenge.app, name="challenge", help="Challenge folders")


@app.callback()
def root() -> None:
    """Run and look after a ctfy platform."""


def main() -> None:
    """Run `ctfy-admin`."""
    app()
