"""`ctfy-admin node`."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.operator.admin.nodes import NODE
from ctfy.cli.operator.processes import claim, configure_logs, loading, until_signal
from ctfy.cli.operator.server import CHALLENGES, ChallengesDir, one_line_errors, write_samples
from ctfy.cli.output import Code, err, fail, out, prints
from ctfy.sdk.base import check_address
from ctfy.server.models.nodes import NodeInfo

if TYPE_CHECKING:
    from ctfy.challenge.catalogue import Challenge

app = typer.Typer(no_args_is_help=True)


def _known(provider: str) -> str:
    """Refuse a provider that there is not, with those that there are."""
    if provider == "auto":
        return provider  # without loading them
    from ctfy.node.providers import providers

    if provider not in providers():
        hint = f"use auto, {', '.join(providers())}"
        fail(f"no such provider: {provider}", hint=hint, code=Code.USAGE)
    return provider


Provider = Annotated[
    str,
    typer.Option(callback=_known, help="As docker or sandbox; auto: the best that can run here"),
]


@app.command()
def join(
    url: Annotated[
        str, typer.Argument(help="The platform; default: the one you are signed in to")
    ] = "",
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
        str,
        typer.Option(
            help="Where players reach instances: another host name than the platform's; empty: "
            "loopback only"
        ),
    ] = "",
    capacity: Annotated[
        int | None,
        typer.Option(
            min=1, max=10_000, help="Instances at once; default: what the machine carries"
        ),
    ] = None,
    display_name: Annotated[str, typer.Option()] = "node",
    label: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, repeatable")] = None,
    labels: Annotated[str, typer.Option(help="The same, as KEY=VALUE,KEY=VALUE")] = "",
    no_register: Annotated[
        bool, typer.Option("--no-register", help="Join nothing; serve who knows --node-token")
    ] = False,
    node_token: Annotated[
        str, typer.Option(envvar="CTFY_NODE_OWN_TOKEN", help="The node's own token")
    ] = "",
    provider: Provider = "auto",
    data_dir: Annotated[Path, typer.Option(envvar="CTFY_NODE_DATA_DIR")] = Path("data/node"),
    challenges_dir: ChallengesDir = CHALLENGES,
) -> None:
    """Join a platform and run instances for it until stopped.

    Example: CTFY_NODE_TOKEN=… ctfy-admin node join https://ctf.example.org
    """
    with loading():
        from ctfy.node.agent import JoinRefused
        from ctfy.node.process import run
        from ctfy.node.providers.base import ProviderAway, ProviderUnavailable
        from ctfy.node.settings import NodeSettings

    configure_logs()
    if no_register and not node_token:
        fail("no --node-token", hint="the platform needs it to reach the node", code=Code.USAGE)
    at_platform = not no_register and challenges_dir == CHALLENGES and not challenges_dir.exists()
    given = [item for item in [*(label or []), *labels.split(",")] if item]
    # Left out it follows from the machine; what instances are promised follows from it.
    places: dict[str, Any] = {} if capacity is None else {"capacity": capacity}
    settings = NodeSettings(
        data_dir=data_dir,
        # A platform gives what is in no folder here.
        challenges_dir=None if at_platform else challenges_dir,
        host=host,
        port=port,
        public_url=public_url,
        public_host=public_host,
        display_name=display_name,
        labels=dict(item.partition("=")[::2] for item in given),
        own_token=node_token if no_register else "",
        provider=provider,
        **places,
    )
    with one_line_errors(), contextlib.ExitStack() as parts:
        try:
            if not at_platform:
                write_samples(challenges_dir)
            where = url or session.server_url()
            check_address(where, token)
            claim(parts, data_dir, "node.lock")
            up = partial(out.print, markup=False, soft_wrap=True)
            asyncio.run(until_signal(run(settings, where, token, up)))
        except (JoinRefused, ProviderAway, ProviderUnavailable) as error:
            fail(str(error))


@app.command("ls", hidden=True)
@app.command("list")
@prints(NODE, empty="No nodes yet: ctfy-admin server invite.")
def list_() -> list[NodeInfo]:
    """List the nodes.

    Example: ctfy-admin node list
    """
    return session.client().nodes.list(limit=1000)


@app.command("rm", hidden=True)
@app.command()
@prints()
def delete(node_id: Annotated[str, typer.Argument(help="A node's id")]) -> str:
    """Remove a node; its instances end. Drain it first to let them end in peace.

    Example: ctfy-admin node delete NODE_ID
    """
    session.admin().nodes.remove(node_id)
    return "Removed."


@app.command()
def prebuild(
    challenge: Annotated[str, typer.Option(help="Only this one")] = "",
    difficulty: Annotated[str, typer.Option(help="Only these, as easy")] = "",
    tag: Annotated[str, typer.Option(help="Only these")] = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="At once")] = 2,
    challenges_dir: ChallengesDir = CHALLENGES,
) -> None:
    """Build challenges' images on this machine, before a node starts.

    Example: ctfy-admin node prebuild --jobs 4
    """
    from ctfy.challenge.catalogue import Catalogue
    from ctfy.node.providers import choose_provider
    from ctfy.node.providers.base import ProviderUnavailable, StartFailed
    from ctfy.node.settings import NodeSettings

    with one_line_errors():
        catalogue = Catalogue.load(challenges_dir)
    found = catalogue.select(challenge, difficulty, tag)
    broken = [b for b in catalogue.broken if challenge in ("", b) and not (difficulty or tag)]
    for id_ in broken:
        err.print(f"{id_}: {catalogue.broken[id_][0]}", markup=False, soft_wrap=True)
    wanted = [c for c in found if c.compose_file is not None]
    if not wanted:
        fail(f"no challenge with images matches in {challenges_dir}")

    async def build() -> list[str]:
        provider = await choose_provider(NodeSettings(provider="docker"))
        turn, failed = asyncio.Semaphore(jobs), []

        async def one(which: Challenge) -> None:
            async with turn:
                try:
                    await provider.build(which)
                except StartFailed as error:
                    failed.append(which.id)
                    err.print(f"{which.id}: {error}", markup=False, soft_wrap=True)
                else:
                    out.print(f"{which.id}: built", markup=False)

        await asyncio.gather(*map(one, wanted))
        return failed

    try:
        failed = asyncio.run(build())
    except ProviderUnavailable as error:
        fail(str(error))
    failed += broken
    if failed:
        fail(f"{len(failed)} of {len(wanted) + len(broken)} were not built", hint=", ".join(failed))
