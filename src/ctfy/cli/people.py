"""Somebody whom a command names: by e-mail address or by id, alike."""

from __future__ import annotations

from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import Code, fail

Person = Annotated[str, typer.Argument(help="An e-mail address, or a user's id")]
Member = Annotated[str, typer.Argument(help="A member's e-mail address or user id")]


def user_id(person: str) -> str:
    """The id of somebody, as operators find it. Exits when nobody has that address."""
    if "@" not in person:
        return person
    found = session.admin().users.list(limit=1000, q=person)
    ids = [user.id for user in found if user.email.lower() == person.lower()]
    if not ids:
        hint = "ctfy-admin admin users list"
        fail(f"nobody has the address {person}", hint=hint, code=Code.NOT_FOUND)
    return ids[0]


def named(person: str) -> dict[str, str]:
    """Somebody as the API's routes take them that know ids and addresses."""
    return {"email": person} if "@" in person else {"user_id": person}
