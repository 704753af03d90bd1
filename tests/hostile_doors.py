"""Every door that takes a challenge folder or a document, driven with the whole corpus.

`python -m tests.hostile_doors DOOR FOLDER` does it in a process of its own, which may not take more
memory than MOST_MEMORY, and prints a JSON object: by case, what went wrong and how long it took.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.challenge.compose.model import ComposeRefused
from ctfy.challenge.importers import ImportRefused, bring
from ctfy.challenge.metadata import Metadata
from tests.cli.terminal import Terminal
from tests.hostile_inputs import COMPOSE, DOCUMENTS, FOLDERS, IMPORTS, ODD_IMPORTS, SECRET

MOST_MEMORY = 2 * 1024**3  # of addresses; the libraries alone take half a gigabyte
METADATA = "{name: Good, description: d, difficulty: easy, tags: [t]}\n"
COMPOSE_FILE = "services: {web: {build: services/web, ports: ['8000']}}\n"
NOWHERE = "http://127.0.0.1:9"
Case = tuple[str, Callable[[], str]]


def honest(root: Path, name: str) -> Path:
    """A challenge folder without a fault."""
    folder = root / name
    for path, text in {
        "metadata.yaml": METADATA,
        "docker-compose.yml": COMPOSE_FILE,
        "services/web/Dockerfile": "FROM scratch\n",
        "attachments/notes.txt": "notes",
        "solve.py": "",
        "README.md": "",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def hostile(root: Path, name: str, case: str) -> Path:
    """A challenge folder with the fault of a case."""
    folder = honest(root, name)
    FOLDERS[case](folder)
    return folder


def audited(folder: Path) -> Iterator[Case]:
    """`ctfy-admin challenge audit`, for people and for programs."""
    author = Terminal(folder / "config", NOWHERE)

    def drive(root: Path, case: str, kind: str) -> str:
        honest(root, "good")
        hostile(root, "evil", case)
        line = f"ctfy-admin challenge audit --challenges-dir {root}"
        shown = author.run(line + kind, people=True)
        if shown.code != 1 or "evil" not in shown.out or "Traceback" in shown.out + shown.err:
            return f"{kind}: {shown}"
        said = author.run(f"{line} --json")
        found = [row for row in said.json if row["error"]]
        wrong = [row for row in found if "/evil" not in row["path"] or not row["fix"]]
        return f"{said}" if wrong or not found or said.code != 1 else ""

    for number, case in enumerate(FOLDERS):
        at, kind = folder / str(number), ("", " --sarif")[number % 2]
        yield case, lambda at=at, case=case, kind=kind: drive(at, case, kind)  # type: ignore[misc]


def loaded(folder: Path) -> Iterator[Case]:
    """The catalogue of a server or a node: at its start, and when it looks again."""

    def drive(root: Path, case: str) -> str:
        honest(root, "good")
        catalogue = Catalogue.load(root)
        before = dict(catalogue.challenges)
        hostile(root, "evil", case)
        catalogue.rescan(root)
        for seen in (catalogue, Catalogue.load(root)):
            if seen.challenges.keys() != before.keys():
                return "was loaded"
            if "evil" not in seen.broken:
                return "nothing was said of it"
        return "" if catalogue.challenges == before else "something changed"

    for number, case in enumerate(FOLDERS):
        yield case, lambda number=number, case=case: drive(folder / str(number), case)  # type: ignore[misc]


def on_a_node(folder: Path) -> Iterator[Case]:
    """The compose file alone, where no audit came before."""

    def drive(root: Path, text: bytes) -> str:
        made = honest(root, "evil")
        (made / "docker-compose.yml").write_bytes(text)
        metadata = Metadata.model_validate_json(
            '{"name": "n", "description": "d", "difficulty": "easy", "tags": ["t"]}'
        )
        try:
            Challenge("evil", "", made, metadata).compose  # noqa: B018
        except ComposeRefused as error:
            return "" if all(refusal.fix for refusal in error.refusals) else str(error)
        return "was taken"

    texts = {name: text.encode() for name, text in COMPOSE.items()} | DOCUMENTS
    for number, (case, text) in enumerate(texts.items()):
        yield case, lambda number=number, text=text: drive(folder / str(number), text)  # type: ignore[misc]


def imported(folder: Path) -> Iterator[Case]:
    """`ctfy-admin challenge import`: one that cannot be read ends no run."""
    author = Terminal(folder / "config", NOWHERE)

    def drive(root: Path, format_: str, files: dict[str, bytes], must_fail: bool) -> str:
        for name, content in files.items():
            path = root / "old" / "evil" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        alone = f"--source {root}/old/evil --out {root}/alone"
        ran = author.run(f"ctfy-admin challenge import {format_} {alone}")
        if ran.code == 1 and ran.err.count("\n") > 2:
            return f"alone: {ran}"
        good = root / "old" / "good"
        good.mkdir()
        if format_ == "ctfcli":
            (good / "challenge.yml").write_text("{name: Good, description: d, flags: [x]}")
        elif format_ == "rctf":
            (good / "challenge.yaml").write_text("{name: Good, description: d, flag: x}")
        else:
            return ""
        try:
            reports = {r.id: r for r in bring(format_, root / "old", root / "new")}
        except ImportRefused as error:
            return str(error)
        if reports["good"].findings or not (root / "new" / "good").is_dir():
            return f"the other was not brought in: {reports['good'].findings}"
        if must_fail and not (reports["evil"].findings and not (root / "new" / "evil").exists()):
            return "was brought in"
        return ""

    number = 0
    for kind, (format_, files) in IMPORTS.items():
        for name, text in DOCUMENTS.items():
            number += 1
            given = {file: text if content is None else content for file, content in files.items()}
            yield (
                f"{kind}: {name}",
                lambda n=number, f=format_, g=given: drive(folder / str(n), f, g, True),  # type: ignore[misc]
            )
    for name, (format_, text) in ODD_IMPORTS.items():
        number += 1
        file = {"ctfcli": "challenge.yml", "xbow": "benchmark.json"}.get(format_, "challenge.yaml")
        yield (
            name,
            lambda n=number, f=format_, g={file: text}: drive(folder / str(n), f, g, False),  # type: ignore[misc]
        )


def as_a_competition(folder: Path) -> Iterator[Case]:
    """`ctfy-admin admin competition create --file`."""
    operator = Terminal(folder / "config", NOWHERE, token="x")
    folder.mkdir(parents=True, exist_ok=True)

    def drive(path: Path, text: bytes) -> str:
        path.write_bytes(text)
        ran = operator.run(f"ctfy-admin admin competition create --file {path}")
        return "" if ran.code == 2 and ran.err.count("\n") <= 2 else str(ran)

    for number, (case, text) in enumerate(DOCUMENTS.items()):
        yield case, lambda number=number, text=text: drive(folder / str(number), text)  # type: ignore[misc]


DOORS = {door.__name__: door for door in (audited, loaded, on_a_node, imported, as_a_competition)}


def main() -> None:
    """Drive a door and print what was seen."""
    door, folder = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    seen: dict[str, tuple[str, float]] = {}
    for case, drive in DOORS[door](Path(folder)):
        began = time.process_time()
        try:
            wrong = drive()
        except (Exception, pytest.fail.Exception) as error:  # which no door may let through
            wrong = f"{type(error).__name__}: {str(error)[:300]}"
        seen[case] = wrong, time.process_time() - began
    # Not of getrusage: that begins at what the process that started this one had.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    leaked = [str(p) for p in Path(folder).rglob("*") if _holds_secret(p)]
    print(json.dumps({"cases": seen, "peak": peak, "leaked": leaked}))


def _holds_secret(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 1024**2:
        return False
    # The hard link and what it is linked with are the corpus's own.
    return path.stat().st_nlink == 1 and SECRET in path.read_text(errors="replace")


if __name__ == "__main__":
    main()
