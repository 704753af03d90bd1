"""Challenges of other formats, brought in, and what of them has no place here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ctfy.challenge.importers import ctfcli, kctf, rctf, xbow
from ctfy.challenge.importers.draft import Draft, ImportRefused, Report

__all__ = ["FORMATS", "ImportRefused", "Report", "bring"]

FORMATS: dict[str, tuple[tuple[str, ...], Callable[[Path], Draft | None]]] = {
    "ctfcli": (("challenge.yml", "challenge.yaml"), ctfcli.read),
    "rctf": (("challenge.yaml", "challenge.yml"), rctf.read),
    "kctf": (("challenge.yaml",), kctf.read),
    "xbow": (("benchmark.json",), xbow.read),
}


def bring(
    format_: str,
    source: Path,
    target: Path,
    *,
    difficulty: str = "medium",
    skip: int = 0,
    limit: int = 0,
    dry_run: bool = False,
) -> list[Report]:
    """Write the challenges of `source` as folders under `target`; a report of each.

    `difficulty` is for those that name none; `skip` and `limit` choose a part. One that cannot be
    made valid is not written, and its report says why. Raises ImportRefused when nothing is found.
    """
    names, read = FORMATS[format_]
    if not source.is_dir():
        raise ImportRefused(f"{source} is no folder")
    files = sorted(path for name in set(names) for path in source.rglob(name))
    drafts = [draft for draft in map(read, files) if draft is not None]
    if not drafts:
        raise ImportRefused(f"no {format_} challenge under {source}")
    chosen = drafts[skip:][: limit or None]
    return list(_written(chosen, target, difficulty, dry_run=dry_run))


def _written(
    drafts: list[Draft], target: Path, difficulty: str, *, dry_run: bool
) -> Iterator[Report]:
    known = {draft.name: draft.id for draft in drafts}
    for draft in drafts:
        draft.settle(known, difficulty)
        yield draft.write(target, dry_run=dry_run)
