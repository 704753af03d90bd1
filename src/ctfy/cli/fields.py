"""Answers to what is asked at registration, as commands take them."""

from __future__ import annotations

from typing import Annotated

import typer

from ctfy.cli.output import Code, fail

Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="NAME=VALUE",
        help="An answer to what is asked; true for a consent. It can be given several times",
    ),
]


def answers(fields: list[str] | None) -> dict[str, str]:
    """Answers by the names of the fields. Exits on one that names none."""
    found = {}
    for field in fields or []:
        name, equals, value = field.partition("=")
        if not equals or not name.strip():
            fail(f"{field!r} is no answer", hint="--field NAME=VALUE", code=Code.USAGE)
        found[name.strip()] = value
    return found
