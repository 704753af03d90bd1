"""Importing from a folder that nobody vouches for: in a process of its own, under bounds.

`python -m ctfy.challenge.apart FORMAT SOURCE TARGET DIFFICULTY [FLAGS]` prints the reports; flags:
`--dry-run`, `--force`.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ctfy.challenge.importers import ImportRefused, Report, bring, importers

_CPU_S = 60
_WAIT_S = 300  # on a machine that has much else to do
_MEMORY = 2 * 1024**3  # bytes
_FILE = 512 * 1024**2
_FILES = 256
_MOST_SAID = 64 * 1024**2


async def bring_apart(
    format_: str, source: Path, target: Path, difficulty: str, *, dry_run: bool, force: bool
) -> dict[str, Any]:
    """`bring`, and which `format` it was; empty: the one that most challenges are of.

    Raises ImportRefused, also where it takes more than it may.
    """
    arguments = [format_, str(source), str(target), difficulty, *(["--dry-run"] * dry_run)]
    arguments += ["--force"] * force
    # Nothing of the server's settings and secrets is in its environment.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-m", "ctfy.challenge.apart"),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath},
        limit=_MOST_SAID,
    )
    try:
        async with asyncio.timeout(_WAIT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        raise ImportRefused("it took too long") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        raise ImportRefused("it takes more time or memory than an import may") from None
    if refused := answer.get("refused"):
        raise ImportRefused(refused)
    return answer


def _best(source: Path, target: Path, difficulty: str) -> str:
    """The format that most of what a folder holds is of. Raises ImportRefused."""
    counts: dict[str, int] = {}
    for name in importers():
        with suppress(ImportRefused):
            reports = bring(name, source, target, difficulty=difficulty, dry_run=True)
            # A challenge that is refused is one of the format all the same; a file of another
            # format has no field.
            counts[name] = sum(bool(report.fields) for report in reports)
    best = max(counts, key=lambda name: counts[name], default="")
    if not best or not counts[best]:
        raise ImportRefused(f"it holds no challenge of a known format: {', '.join(importers())}")
    return best


def _row(report: Report, source: Path) -> dict[str, Any]:
    """A report as JSON, with paths that are those of the collection."""
    row = report.row()
    for name in ("source", "findings"):
        row[name] = json.loads(json.dumps(row[name]).replace(f"{source}/", ""))
    return row


def main() -> None:
    """Do it, and print what `bring_apart` reads."""
    for kind, most in (
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_FSIZE, _FILE),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    format_, source, target, difficulty, *flags = sys.argv[1:]
    folder, goal = Path(source), Path(target)
    try:
        chosen = format_ or _best(folder, goal, difficulty)
        reports = bring(
            chosen,
            folder,
            goal,
            difficulty=difficulty,
            dry_run="--dry-run" in flags,
            force="--force" in flags,
        )
        answer = {"format": chosen, "reports": [_row(report, folder) for report in reports]}
    except ImportRefused as refused:
        answer = {"refused": str(refused).replace(f"{folder}", "the collection")}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
