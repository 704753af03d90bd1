"""`ctfy-admin admin users`."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.cli.people import Person, user_id
from ctfy.server.models.accounts import AdminUserInfo

app = typer.Typer(no_args_is_help=True)
_COLUMNS = "id display_name email role solves last_active_at suspended_at"


@app.command("list")
@prints(_COLUMNS, empty="Nobody yet.")
def list_(
    offset: Offset = 0,
    limit: Limit = 50,
    q: Annotated[str, typer.Option("--q", help="A part of the name or address")] = "",
) -> builtins.list[AdminUserInfo]:
    """List accounts.

    Example: ctfy-admin admin users list --q example.org
    """
    return session.admin().users.list(offset, limit, q=q)


@app.command()
@prints(_COLUMNS + " providers promoted_by promoted_at suspended_reason")
def view(person: Person) -> AdminUserInfo:
    """Show one account.

    Example: ctfy-admin admin users view ada@example.org
    """
    return session.admin().users.get(user_id(person))


@app.command()
@prints(_COLUMNS)
def role_set(
    person: Person, role: Annotated[str, typer.Argument(help="user, admin or super_admin")]
) -> AdminUserInfo:
    """Give somebody another role; only a super admin can.

    Example: ctfy-admin admin users role-set ada@example.org admin
    """
    return session.admin().users.set_role(user_id(person), role)


@app.command()
@prints(_COLUMNS)
def suspend(
    person: Person, reason: Annotated[str, typer.Option(help="They are told")] = ""
) -> AdminUserInfo:
    """End somebody's sessions and instances, and let them in no more.

    Example: ctfy-admin admin users suspend USER_ID --reason "attacked the platform"
    """
    return session.admin().users.suspend(user_id(person), reason=reason)


@app.command()
@prints(_COLUMNS)
def reinstate(person: Person) -> AdminUserInfo:
    """Let somebody in again who was suspended.

    Example: ctfy-admin admin users reinstate USER_ID
    """
    return session.admin().users.reinstate(user_id(person))
