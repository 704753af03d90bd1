"""`ctfy-admin admin records`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.download import File, save
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.cli.traffic import show_flows
from ctfy.server.models.records import InstanceRecordDetail, InstanceRecordInfo

app = typer.Typer(no_args_is_help=True)
InstanceId = Annotated[str, typer.Argument(help="An ended instance's id")]


@app.command("list")
@prints(
    "id team_name challenge_id stop_reason started_at duration_s solved request_count",
    empty="No instance has ended yet.",
)
def list_(
    team: Annotated[str, typer.Option(help="Only of this team")] = "",
    challenge: Annotated[str, typer.Option(help="Only of this challenge")] = "",
    node: Annotated[str, typer.Option(help="Only on this node")] = "",
    status: Annotated[str, typer.Option(help="Only these, as error")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[InstanceRecordInfo]:
    """List instances that are over, newest first.

    Example: ctfy-admin admin records list --challenge notes
    """
    return session.admin().records.list(
        team_id=team,
        challenge_id=challenge,
        node_id=node,
        status=status,
        offset=offset,
        limit=limit,
    )


@app.command()
@prints("record artifacts")
def view(instance_id: InstanceId) -> InstanceRecordDetail:
    """Show a record, and what is kept of it.

    Example: ctfy-admin admin records view INSTANCE_ID --json
    """
    return session.admin().records.get(instance_id)


@app.command()
@prints()
def logs(instance_id: InstanceId) -> str:
    """Print what its processes said.

    Example: ctfy-admin admin records logs INSTANCE_ID
    """
    return session.admin().records.container_log(instance_id)


@app.command()
@prints(people=show_flows)
def traffic(instance_id: InstanceId, offset: Offset = 0, limit: Limit = 1000) -> builtins.list[Any]:
    """List what went through it.

    Example: ctfy-admin admin records traffic INSTANCE_ID --json
    """
    return session.admin().records.traffic(instance_id, offset=offset, limit=limit)


@app.command()
@prints()
def download(
    instance_id: InstanceId,
    out: File = Path(),
) -> str:
    """Save everything that is kept of an instance as one archive.

    Example: ctfy-admin admin records download INSTANCE_ID --out record.zip
    """
    return save(out, f"{instance_id}.zip", session.admin().records.archive(instance_id))
