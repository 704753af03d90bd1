"""`ctfy-admin challenge test`: the solvers of challenges, on one provider or on all there are."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctfy.cli.operator.challenge import Timeout, find, load, run_trial
from ctfy.cli.operator.node import Provider
from ctfy.cli.operator.processes import configure_brief_logs
from ctfy.cli.operator.server import CHALLENGES, ChallengesDir
from ctfy.cli.output import Code, err, fail, out, print_table, prints, say

if TYPE_CHECKING:
    from ctfy.challenge.catalogue import Catalogue, Challenge
    from ctfy.node.instances import Instances

Row = dict[str, Any]
_COLUMNS = ("challenge", "provider", "outcome", "seconds", "why")
PASSED, FAILED, LEFT_OUT = "passed", "failed", "left out"
_NOWHERE = "none"  # where a challenge is answered without an instance, or broken


def _show(rows: list[Row]) -> None:
    """In a terminal a column for each provider, and below it every reason."""
    if not out.is_terminal:
        print_table(_COLUMNS, [_cells(row) for row in rows])
        return
    providers = list(dict.fromkeys(row["provider"] for row in rows))
    cells = {(row["challenge"], row["provider"]): _cell(row) for row in rows}
    challenges = dict.fromkeys(row["challenge"] for row in rows)
    print_table(
        ("challenge", *providers),
        [[one, *(cells.get((one, name), "") for name in providers)] for one in challenges],
    )
    for row in rows:
        if row["why"]:
            words = f"{row['challenge']}, {row['provider']}: {row['outcome']}: {row['why']}"
            out.print(words, markup=False, soft_wrap=True)


def _cell(row: Row) -> str:
    seconds = f" {row['seconds']:.2f} s" if row["outcome"] == PASSED else ""
    return f"{row['outcome']}{seconds}"


def _cells(row: Row) -> list[str]:
    return [row["challenge"], row["provider"], row["outcome"], f"{row['seconds']:.2f}", row["why"]]


def _is_failure(rows: list[Row]) -> bool:
    """Whether one failed; where nothing was tried, nothing is known."""
    counts = Counter(row["outcome"] for row in rows)
    say(", ".join(f"{counts[outcome]} {outcome}" for outcome in (PASSED, FAILED, LEFT_OUT)))
    return bool(counts[FAILED]) or not counts[PASSED]


@prints(people=_show, failed=_is_failure)
def run_solvers(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR|FOLDER]",
            help="A challenge, or a folder of challenges, or a name; default: all",
            show_default=False,
        ),
    ] = None,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="On every provider that this machine has")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="At once")] = 1,
    timeout: Timeout = 120,
    provider: Provider = "auto",
    challenges_dir: ChallengesDir = CHALLENGES,
) -> list[Row]:
    """Run each challenge's solver on an instance of it, and say what became of it.

    Exits with 1 when one failed, or when none could be tried.

    Example: ctfy-admin challenge test --matrix challenges
    """
    if matrix and provider != "auto":
        fail("--matrix takes every provider", hint="leave --provider out", code=Code.USAGE)
    catalogue, chosen = _chosen(folder, challenges_dir)
    rows = [_told(id_, _NOWHERE, FAILED, str(why[0])) for id_, why in catalogue.broken.items()]
    configure_brief_logs()
    rows += run_trial(_tried(catalogue, chosen, "" if matrix else provider, jobs, timeout))
    if not rows:
        fail("no challenge to try", hint="ctfy-admin challenge new")
    return sorted(rows, key=lambda row: (row["challenge"], row["provider"]))


def _chosen(folder: Path | None, challenges_dir: Path) -> tuple[Catalogue, list[Challenge]]:
    """What is there, and what of it is meant."""
    from ctfy.challenge.audit import METADATA
    from ctfy.challenge.catalogue import Catalogue, look_at

    if folder is not None and os.path.lexists(folder / METADATA):
        path = folder.resolve()
        look = look_at(path.parent, path)
        alone = Catalogue([look.challenge] if look.challenge else [])
        if look.challenge is None:
            alone.broken = {path.name: [finding for finding in look.findings if finding.is_error]}
        return alone, list(alone.challenges.values())
    if folder is None or folder.is_dir():
        catalogue = load(challenges_dir if folder is None else folder)
        return catalogue, list(catalogue.challenges.values())
    catalogue = load(challenges_dir)
    found = find(catalogue, challenges_dir, str(folder))
    catalogue.broken = {}
    return catalogue, [found]


async def _tried(
    catalogue: Catalogue, chosen: list[Challenge], provider: str, jobs: int, timeout: float
) -> list[Row]:
    """A row for each challenge and provider; no provider means each that `auto` knows."""
    from ctfy.cli.operator import trial
    from ctfy.node.providers import providers
    from ctfy.node.providers.base import ProviderUnavailable

    rows = []
    for challenge in (one for one in chosen if one.is_qa_only):
        alone = trial.without_instance(challenge)
        rows.append(await _row(challenge, _NOWHERE, trial.solved(alone, timeout)))
    running = [one for one in chosen if not one.is_qa_only]
    every = [name for name, kind in providers().items() if kind.preference > 0]
    for name in ([provider] if provider else sorted(every)) if running else []:
        try:
            async with trial.trial_node(catalogue, name, timeout=timeout) as instances:
                rows += await _on_provider(instances, running, jobs, timeout)
        except ProviderUnavailable as error:
            if provider:
                raise
            rows += [_told(one.id, name, LEFT_OUT, str(error)) for one in running]
    return rows


async def _on_provider(
    instances: Instances, challenges: list[Challenge], jobs: int, timeout: float
) -> list[Row]:
    from ctfy.cli.operator import trial

    name, turn, done = instances.provider.name, asyncio.Semaphore(jobs), 0

    async def solved(challenge: Challenge) -> None:
        running = await trial.start(instances, challenge, timeout)
        try:
            await trial.solved(running, timeout)
        finally:
            await instances.stop(running.id)

    async def one(challenge: Challenge) -> Row:
        nonlocal done
        async with turn:
            why = _left_out(instances, challenge)
            row = (
                _told(challenge.id, name, LEFT_OUT, why)
                if why
                else await _row(challenge, name, solved(challenge))
            )
        done += 1
        status.update(f"{name}: {done} of {len(challenges)}")
        return row

    with err.status(f"{name}: 0 of {len(challenges)}") as status:
        return await asyncio.gather(*map(one, challenges))


def _left_out(instances: Instances, challenge: Challenge) -> str:
    """Why a challenge is not tried on a provider; empty when it is."""
    if not (challenge.path / "solve.py").is_file():
        return "it has no solve.py"
    if why := instances.provider.unfit(challenge):
        return why
    by_vpn = challenge.metadata.network_topology == "engagement"
    return "it is reached by VPN only: its solver cannot be tried here" if by_vpn else ""


async def _row(challenge: Challenge, provider: str, work: Coroutine[Any, Any, Any]) -> Row:
    """What became of an attempt, and how long it took."""
    from ctfy.cli.operator import trial
    from ctfy.node.providers.base import ProviderAway

    began = time.monotonic()
    try:
        await work
    except (trial.TrialFailed, ProviderAway) as error:
        row = _told(challenge.id, provider, FAILED, str(error))
    else:
        row = _told(challenge.id, provider, PASSED)
    return row | {"seconds": round(time.monotonic() - began, 2)}


def _told(challenge_id: str, provider: str, outcome: str, why: str = "") -> Row:
    values = (challenge_id, provider, outcome, 0.0, " ".join(why.split()))
    return dict(zip(_COLUMNS, values, strict=True))
