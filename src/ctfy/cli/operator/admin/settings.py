"""`ctfy-admin admin settings`."""

from __future__ import annotations

import builtins
import json
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.server.models.platform_settings import PlatformSettingInfo

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
    key: Key, value: Annotated[str, typer.Argument(help="JSON, or a plain word")]
) -> PlatformSettingInfo:
    """Change a setting, on every replica within a second.

    Example: ctfy-admin admin settings set default_instance_ttl_s 7200
    """
    parsed: Any
    try:
        parsed = json.loads(value)
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
