"""`ctfy-admin admin nodes`."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.server.models.activity import Activity
from ctfy.server.models.nodes import NodeHealthSample, NodeInfo

app = typer.Typer(no_args_is_help=True)
NodeId = Annotated[str, typer.Argument(help="A node's id")]
NODE = "id display_name url running capacity is_healthy draining last_heartbeat"


@app.command()
@prints(NODE)
def view(node_id: NodeId) -> NodeInfo:
    """Show one node.

    Example: ctfy-admin admin nodes view NODE_ID
    """
    return session.admin().nodes.get(node_id)


@app.command()
@prints(NODE)
def drain(
    node_id: NodeId,
    undo: Annotated[bool, typer.Option("--undo", help="Give it instances again")] = False,
) -> NodeInfo:
    """Give a node no new instances; those that run end in peace.

    Example: ctfy-admin admin nodes drain NODE_ID
    """
    nodes = session.admin().nodes
    return nodes.patch(node_id, draining=False) if undo else nodes.drain(node_id)


@app.command()
@prints("ts is_healthy running cpu_percent memory_percent disk_percent latency_ms", empty="None.")
def health(node_id: NodeId) -> builtins.list[NodeHealthSample]:
    """Say how a node did lately.

    Example: ctfy-admin admin nodes health NODE_ID
    """
    return session.admin().nodes.health_history(node_id)


@app.command()
@prints("timestamp event detail", empty="Nothing happened.")
def events(node_id: NodeId) -> builtins.list[Activity]:
    """List what happened to a node.

    Example: ctfy-admin admin nodes events NODE_ID
    """
    return session.admin().nodes.events(node_id)
