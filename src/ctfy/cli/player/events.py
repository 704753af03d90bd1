"""`ctfy events`: what happens, live."""

from __future__ import annotations

import json
import logging
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.output import out

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """What happens, live."""


@app.command()
def watch(
    wanted: Annotated[
        list[str] | None,
        typer.Option("--filter", "-f", help="Only these, as flag_* or instance_*; repeatable"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line")] = False,
) -> None:
    """Follow what happens, until Ctrl-C; a broken connection is made again and misses nothing.

    Example: ctfy events watch --filter 'flag_*'
    """
    logging.basicConfig(format="%(message)s")  # what the SDK repeats, and why
    with session.client().events() as stream:
        for event in stream:
            name = event["event"]
            if wanted and not any(fnmatchcase(name, pattern) for pattern in wanted):
                continue
            line = json.dumps(event, ensure_ascii=False) if as_json else _line(event)
            out.print(line, markup=False, soft_wrap=True)


def _line(event: dict[str, Any]) -> str:
    rest = ", ".join(f"{key} {value}" for key, value in event["data"].items() if value)
    return f"{event['event']}: {rest}"
