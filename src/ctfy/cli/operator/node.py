"""`ctfy-admin node`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli.operator.processes import configure_logs, until_signal
from ctfy.cli.operator.server import ChallengesDir, one_line_errors
from ctfy.cli.output import fail

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """Worker nodes."""


@app.command()
def join(
    url: Annotated[str, typer.Argument(help="The platform", envvar="CTFY_URL")],
    token: Annotated[
        str,
        typer.Option(
            envvar="CTFY_NODE_TOKEN",
            help="One-time registration token; needed once. The variable keeps it out of `ps`",
        ),
    ] = "",
    host: Annotated[str, typer.Option(help="Where the node's API listens")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one")] = 0,
    public_url: Annotated[str, typer.Option(help="Where the platform reaches it")] = "",
    public_host: Annotated[
        str, typer.Option(help="Where players reach instances; empty: loopback only")
    ] = "",
    capacity: Annotated[
        int | None,
        typer.Option(
            min=1, max=10_000, help="Instances at once; default: what the machine carries"
        ),
    ] = None,
    display_name: Annotated[str, typer.Option()] = "node",
    label: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, repeatable")] = None,
    provider: Annotated[str, typer.Option(help="auto, docker or sandbox")] = "auto",
    data_dir: Annotated[Path, typer.Option(envvar="CTFY_NODE_DATA_DIR")] = Path("data/node"),
    challenges_dir: ChallengesDir = Path("examples/challenges"),
) -> None:
    """Join a platform and run instances for it until stopped."""
    from ctfy.node.agent import JoinRefused
    from ctfy.node.process import run
    from ctfy.node.providers.base import ProviderAway, ProviderUnavailable
    from ctfy.node.settings import NodeSettings

    configure_logs()
    if provider not in ("auto", "docker", "sandbox"):
        fail(f"no such provider: {provider}", hint="use auto, docker or sandbox", code=2)
    labels = dict(item.partition("=")[::2] for item in label or [])
    settings = NodeSettings(
        data_dir=data_dir,
        challenges_dir=challenges_dir,
        host=host,
        port=port,
        public_url=public_url,
        public_host=public_host,
        display_name=display_name,
        labels=labels,
        provider=provider,
    )
    if capacity is not None:
        settings.capacity = capacity
    with one_line_errors():
        try:
            asyncio.run(until_signal(run(settings, url, token)))
        except (JoinRefused, ProviderAway, ProviderUnavailable) as error:
            fail(str(error))
