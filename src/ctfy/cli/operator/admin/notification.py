"""`ctfy-admin admin notification`."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.operator.secrets import read_secret
from ctfy.cli.output import Code, fail, out, prints
from ctfy.server.models.notifications import (
    DeliveryResult,
    NotificationChannelInfo,
    NotificationChannelWithSecret,
)

app = typer.Typer(no_args_is_help=True)
ChannelId = Annotated[str, typer.Argument(help="As `list` says it")]
Events = Annotated[
    builtins.list[str],
    typer.Option(
        "--event",
        help="first_blood, flag_correct, team_registered, announcement_created, "
        "incident_reported, node_unhealthy, node_recovered or task_failed; several times for more",
    ),
]
Competition = Annotated[
    str | None, typer.Option(help="The id of the one whose events it tells; without: all")
]
Enabled = Annotated[bool | None, typer.Option("--enabled/--disabled")]
_COLUMNS = "id name kind address events competition_title enabled last_sent_at last_ok last_said"


@app.command("list")
@prints(_COLUMNS, empty="No channels.")
def list_() -> builtins.list[NotificationChannelInfo]:
    """List every channel, and what became of its last message.

    Example: ctfy-admin admin notification list
    """
    return session.admin().notifications.list(limit=1000)


@app.command()
@prints(people=lambda channel: _describe(channel))
def create(
    name: Annotated[str, typer.Argument(help="What operators call it")],
    event: Events,
    address: Annotated[
        str,
        typer.Option(help="As Apprise writes it, or a URL; -: asked for, or read from a pipe"),
    ] = "-",
    kind: Annotated[str, typer.Option(help="service or webhook")] = "service",
    competition_id: Competition = None,
    enabled: Enabled = None,
) -> NotificationChannelWithSecret:
    """Have a chat, a mailbox or a webhook told of what happens.

    Example: ctfy-admin admin notification create Discord --event first_blood --address -
    """
    return session.admin().notifications.create(
        name=name,
        kind=kind,
        address=read_secret(address, "Address"),
        events=event,
        competition_id=competition_id or "",
        enabled=enabled is not False,
    )


def _describe(channel: NotificationChannelWithSecret) -> None:
    out.print(f"{channel.id}  {channel.name}  {channel.address}", markup=False)
    if channel.secret:
        out.print(f"Its secret, shown this once: {channel.secret}", markup=False, soft_wrap=True)


@app.command()
@prints(_COLUMNS)
def update(
    channel_id: ChannelId,
    name: Annotated[str | None, typer.Option()] = None,
    event: Annotated[
        builtins.list[str] | None, typer.Option("--event", help="All that it tells from now on")
    ] = None,
    address: Annotated[str | None, typer.Option(help="-: asked for, or read from a pipe")] = None,
    competition_id: Annotated[
        str | None, typer.Option(help="The id of the one whose events it tells; '': all")
    ] = None,
    enabled: Enabled = None,
) -> NotificationChannelInfo:
    """Change a channel; what is left out stays.

    Example: ctfy-admin admin notification update CHANNEL_ID --disabled
    """
    given: dict[str, Any] = {
        "name": name,
        "events": event or None,
        "address": None if address is None else read_secret(address, "Address"),
        "competition_id": competition_id,
        "enabled": enabled,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    return session.admin().notifications.update(channel_id, **changes)


@app.command()
@prints(people=lambda channel: _describe(channel))
def renew_secret(channel_id: ChannelId) -> NotificationChannelWithSecret:
    """Give a webhook another secret; the one before signs nothing any more.

    Example: ctfy-admin admin notification renew-secret CHANNEL_ID
    """
    return session.admin().notifications.renew_secret(channel_id)


@app.command()
@prints("ok said")
def test(channel_id: ChannelId) -> DeliveryResult:
    """Send one message now, and say what came back.

    Example: ctfy-admin admin notification test CHANNEL_ID
    """
    return session.admin().notifications.test(channel_id)


@app.command()
@prints()
def delete(channel_id: ChannelId) -> str:
    """Delete a channel; what waits for it is not sent.

    Example: ctfy-admin admin notification delete CHANNEL_ID
    """
    session.admin().notifications.delete(channel_id)
    return "Deleted."
