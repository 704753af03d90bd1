"""`ctfy-admin admin users`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.download import picture
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.cli.people import Person, user_id
from ctfy.server.models.accounts import AdminUserInfo, SignInLink

app = typer.Typer(no_args_is_help=True)
_COLUMNS = "id display_name email role solves last_active_at suspended_at"
_LINK = "user_id display_name email url expires_at mailed"
Mail = Annotated[
    bool | None,
    typer.Option("--mail/--no-mail", help="Mail the link, or print it; mailed where mail is set"),
]


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
@prints(_LINK)
def create(
    email: Annotated[str, typer.Argument(help="The address that they sign in with")],
    name: Annotated[str, typer.Option(help="What others see")] = "",
    role: Annotated[str, typer.Option(help="user; super admins also make admin")] = "user",
    password: Annotated[str, typer.Option(help="Instead of a link that sets one")] = "",
    mail: Mail = None,
) -> SignInLink:
    """Make somebody's account; they set a password by a link that works once, within 7 days.

    Example: ctfy-admin admin users create ada@example.org --name Ada --no-mail
    """
    made = session.admin().users.create(
        email, name, role=role, password=password or None, mail=mail
    )
    user = made.user
    who = SignInLink(user_id=user.id, display_name=user.display_name, email=user.email)
    return made.link or who


@app.command()
@prints(_COLUMNS)
def edit(
    person: Person,
    email: Annotated[str | None, typer.Option(help="To be verified anew")] = None,
    name: Annotated[str | None, typer.Option(help="What others see")] = None,
) -> AdminUserInfo:
    """Change somebody's address or name.

    Example: ctfy-admin admin users edit ada@example.org --email ada@example.com
    """
    return session.admin().users.edit(user_id(person), email=email, display_name=name)


@app.command()
@prints(_LINK)
def link(person: Person, mail: Mail = None) -> SignInLink:
    """Make a link that sets somebody's password and signs them in, once, within 7 days.

    Example: ctfy-admin admin users link ada@example.org --no-mail
    """
    return session.admin().users.make_links([user_id(person)], mail=mail)[0]


@app.command()
@prints(_COLUMNS)
def password_set(
    person: Person,
    new: Annotated[str, typer.Option(help="Twelve characters or more", prompt=True)],
    unlink: Annotated[
        bool, typer.Option("--unlink", help="Unlink every account elsewhere, too")
    ] = False,
) -> AdminUserInfo:
    """Set somebody's password; their sessions and API tokens end.

    Example: ctfy-admin admin users password-set ada@example.org --new "a long new one"
    """
    return session.admin().users.set_password(user_id(person), new, revoke_identities=unlink)


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
def totp_reset(person: Person) -> AdminUserInfo:
    """Turn off the two-factor sign-in of somebody who lost it.

    Example: ctfy-admin admin users totp-reset ada@example.org
    """
    return session.admin().users.reset_totp(user_id(person))


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


@app.command()
@prints("id display_name avatar_url")
def avatar(
    person: Person,
    file: Annotated[Path | None, typer.Argument(help="PNG, JPEG or WebP")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away")] = False,
) -> AdminUserInfo:
    """Give somebody a picture, or take theirs away.

    Example: ctfy-admin admin users avatar ada@example.org --remove
    """
    users = session.admin().users
    if remove:
        return users.remove_avatar(user_id(person))
    return users.set_avatar(user_id(person), picture(file))
