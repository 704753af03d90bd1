"""`ctfy-admin`, for operators. Commands load what they need when they run."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from ctfy.cli import session
from ctfy.cli.operator import (
    admin,
    challenge,
    challenge_dev,
    challenge_matrix,
    db,
    moving,
    node,
    server,
    up,
)
from ctfy.cli.player import auth

# What a command needs beside the client, by its first word.
_EXTRAS = {
    "up": "all",
    "server": "server",
    "worker": "server",
    "db": "server",
    "node": "node",
    "challenge": "node",
    "import": "server",
    "admin": "server",
}

challenge.app.command("dev")(challenge_dev.dev)
challenge.app.command("test")(challenge_matrix.run_solvers)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("up")(up.up)
app.command("init")(server.init)
app.command("worker")(server.worker)
app.add_typer(server.app, name="server", help="The platform's server")
app.add_typer(node.app, name="node", help="Worker nodes")
app.add_typer(db.app, name="db", help="The database: backup, restore, migrations")
app.add_typer(moving.app, name="import", help="Moving house from another platform")
app.add_typer(challenge.app, name="challenge", help="Challenge folders: write, audit, try")
app.add_typer(admin.app, name="admin", help="What operators do on a running platform")
app.command("login")(auth.login)


@app.callback()
def root(
    host: session.HostOption = "",
    _: Annotated[
        bool, typer.Option("--version", callback=session.show_version, is_eager=True)
    ] = False,
) -> None:
    """Run and look after a ctfy platform.

    Example: ctfy-admin up

    Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not signed in, 4 not found, 5 refused.
    """
    session.choose(host)


def main() -> NoReturn:
    """Run `ctfy-admin`."""
    session.run(app, "ctfy-admin", extras=_EXTRAS)
