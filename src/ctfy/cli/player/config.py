"""`ctfy config`."""

from __future__ import annotations

from typing import Any

import typer

from ctfy import __version__
from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.sdk import hosts

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """What this command line is set to."""


@app.command("view", hidden=True)
@app.command()
@prints("version server signed_in config_file saved_servers")
def show() -> dict[str, Any]:
    """Show which server is meant and where sign-ins are kept; no secret.

    Example: ctfy config show
    """
    return {
        "version": __version__,
        "server": session.server_url(),
        "signed_in": bool(session.token()),
        "config_file": str(hosts.path()),
        "saved_servers": list(hosts.load().hosts),
    }
