"""`ctfy`, for players."""

from __future__ import annotations

import json
from typing import Annotated

import httpx
import typer

from ctfy import __version__
from ctfy.cli.output import fail, out
from ctfy.sdk import CtfyApiError, PlatformClient

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"ctfy {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Play capture the flag on a ctfy server."""


@app.command()
def status(
    url: Annotated[str, typer.Option(envvar="CTFY_URL")] = "http://127.0.0.1:8100",
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Say whether the server answers, and which version it is."""
    try:
        with PlatformClient(url, max_retries=0, timeout=5) as client:
            health = client.health()
    except (httpx.HTTPError, CtfyApiError) as error:
        fail(f"{url} does not answer ({error})", hint="is the server running? try --url")
    if as_json:
        out.print(json.dumps(health.model_dump()), soft_wrap=True)
    else:
        out.print(
            f"{url}: {health.status}, version {health.version}, "
            f"{health.running_instances} of {health.capacity} instances running"
        )


def main() -> None:
    """Run `ctfy`."""
    app()
