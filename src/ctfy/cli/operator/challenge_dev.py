"""`ctfy-admin challenge dev`: one challenge runs while it is written, and follows its files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli.operator.challenge import Timeout, run_trial
from ctfy.cli.operator.node import Provider
from ctfy.cli.operator.processes import configure_brief_logs
from ctfy.cli.operator.server import CHALLENGES, ChallengesDir, one_line_errors
from ctfy.cli.output import Code, fail, say


def dev(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A challenge's folder, or its name")
    ] = Path(),
    solve: Annotated[
        bool, typer.Option("--solve", help="Run its solver at the start and after every change")
    ] = False,
    timeout: Timeout = 120,
    host: Annotated[str, typer.Option(help="Publish at this address; default: loopback")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0: any free one")] = 0,
    provider: Provider = "auto",
    challenges_dir: ChallengesDir = CHALLENGES,
) -> None:
    """Run one challenge while you write it: a change of a file is live within a moment.

    Its address stays the same. A version that is broken is told of, and the one before it serves
    on. In a terminal, s runs the solver and r starts it anew.

    Example: ctfy-admin challenge dev challenges/open-door
    """
    from ctfy.cli.operator.dev_session import follow

    found = _folder(folder, challenges_dir)
    configure_brief_logs()
    try:
        with one_line_errors():
            run_trial(follow(found, provider, timeout, host=host, port=port, solves=solve))
    except KeyboardInterrupt:  # before there was anything to stop
        say("stopped")


def _folder(named: Path, challenges_dir: Path) -> Path:
    """The folder that is meant: of that path, else of that name among the challenges."""
    from ctfy.challenge.audit import METADATA
    from ctfy.challenge.catalogue import discover

    if os.path.lexists(named / METADATA):
        return named.resolve()
    known = discover(challenges_dir) if challenges_dir.is_dir() else []
    found = next((path for path in known if path.name == str(named)), None)
    if found is None:
        hint = f"a challenge is a folder with {METADATA}: ctfy-admin challenge new"
        fail(f"no challenge in {named}", hint=hint, code=Code.NOT_FOUND)
    return found.resolve()
