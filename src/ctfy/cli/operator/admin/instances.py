"""`ctfy-admin admin instances`."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.download import File, save
from ctfy.cli.operator.admin.competition import Yes, confirm
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.cli.traffic import show_flows
from ctfy.server.models.instances import InstanceInfo

app = typer.Typer(no_args_is_help=True)
InstanceId = Annotated[str, typer.Argument(help="An instance's id")]


@app.command("list")
@prints("id challenge_id team_id node_id status started_at expires_at", empty="None runs.")
def list_(
    node: Annotated[str, typer.Option(help="Only on this node")] = "",
    status: Annotated[str, typer.Option(help="Only these, as starting")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[InstanceInfo]:
    """List everybody's instances.

    Example: ctfy-admin admin instances list --status starting
    """
    instances = session.admin().instances
    return instances.list(node_id=node, status=status, offset=offset, limit=limit)


@app.command()
@prints("id challenge_id team_id node_id status services error expires_at")
def view(instance_id: InstanceId) -> InstanceInfo:
    """Show one instance.

    Example: ctfy-admin admin instances view INSTANCE_ID
    """
    return session.admin().instances.get(instance_id)


@app.command()
@prints()
def logs(instance_id: InstanceId) -> str:
    """Print what an instance's processes said. Players do not see it: it may hold answers.

    Example: ctfy-admin admin instances logs INSTANCE_ID
    """
    return session.admin().instances.container_log(instance_id)


@app.command()
@prints(people=show_flows)
def traffic(instance_id: InstanceId) -> builtins.list[dict[str, Any]]:
    """List what went through an instance.

    Example: ctfy-admin admin instances traffic INSTANCE_ID --json
    """
    flows: builtins.list[Any] = session.admin().instances.traffic(instance_id)["items"]
    return flows


@app.command()
@prints()
def pcap(instance_id: InstanceId, out: File = Path()) -> str:
    """Save an instance's packets.

    Example: ctfy-admin admin instances pcap INSTANCE_ID --out packets.pcap
    """
    return save(out, f"{instance_id}.pcap", session.admin().instances.pcap(instance_id))


@app.command()
@prints()
def har(instance_id: InstanceId, out: File = Path()) -> str:
    """Save an instance's HTTP traffic as an HTTP Archive.

    Example: ctfy-admin admin instances har INSTANCE_ID --out traffic.har
    """
    archive = json.dumps(session.admin().instances.har(instance_id)).encode()
    return save(out, f"{instance_id}.har", archive)


@app.command()
@prints()
def stop(instance_id: InstanceId) -> str:
    """Stop one instance.

    Example: ctfy-admin admin instances stop INSTANCE_ID
    """
    session.admin().instances.stop(instance_id)
    return "Stopped."


@app.command()
@prints("id status", empty="None ran.")
def stop_all(yes: Yes = False) -> builtins.list[dict[str, Any]]:
    """Stop every instance of everybody.

    Example: ctfy-admin admin instances stop-all --yes
    """
    confirm("Stop every instance of everybody?", yes)
    return session.admin().instances.stop_all()
