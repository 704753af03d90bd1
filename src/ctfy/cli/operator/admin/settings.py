"""`ctfy-admin admin settings`."""

from __future__ import annotations

import builtins
import json
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.operator.secrets import read_secret
from ctfy.cli.output import prints
from ctfy.server.models.platform_settings import MailTest, PlatformSettingInfo

app = typer.Typer(no_args_is_help=True)
Key = Annotated[str, typer.Argument(help="As `list` names it")]
_COLUMNS = "key value source description"


@app.command("list")
@prints(_COLUMNS, empty="There are none.")
def list_() -> builtins.list[PlatformSettingInfo]:
    """List every setting, its value and where that comes from.

    Example: ctfy-admin admin settings list
    """
    return session.admin().settings.list()


@app.command("set")
@prints(_COLUMNS)
def set_(
    key: Key,
    value: Annotated[
        str,
        typer.Argument(help="JSON, or a plain word; -: asked for, or read from a pipe, as it is"),
    ],
) -> PlatformSettingInfo:
    """Change a setting, on every replica within a second.

    Example: ctfy-admin admin settings set default_instance_ttl_s 7200
    """
    parsed: Any
    try:
        parsed = read_secret(value, key) if value == "-" else json.loads(value)
    except ValueError:
        parsed = value
    return session.admin().settings.set(key, parsed)


@app.command()
@prints(_COLUMNS)
def unset(key: Key) -> PlatformSettingInfo:
    """Go back to a setting's default.

    Example: ctfy-admin admin settings unset default_instance_ttl_s
    """
    return session.admin().settings.unset(key)


@app.command()
@prints("ok to server said")
def test_mail() -> MailTest:
    """Send a mail to your own address now, and say what the mail server said.

    Example: ctfy-admin admin settings test-mail
    """
    return session.admin().settings.test_mail()
