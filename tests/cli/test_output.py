"""What people see on a terminal of any width, and what a pipe gets."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from ctfy.cli import output
from tests.processes import ROOT

ID = "0123456789abcdef0123456789abcdef"
NAMES = ["id", "title", "owner_id", "description", "solved"]
ROW = dict(
    zip(NAMES, [ID, "The longest night of the year", ID[::-1], "words " * 40, False], strict=True)
)
SENTENCE = "What does the private note of the administrator say?"


def shown(monkeypatch: pytest.MonkeyPatch, width: int, result: object, **how: object) -> list[str]:
    """What is printed on a terminal of that width; 0: in a pipe."""
    file = io.StringIO()
    console = Console(file=file, width=width or 200, force_terminal=bool(width), color_system=None)
    monkeypatch.setattr(output, "out", console)
    if isinstance(result, list) and how:
        output.print_table(("question", "prompt"), result, **how)  # type: ignore[arg-type]
    else:
        output.show(result, " ".join(NAMES), output.Form())
    return re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()).splitlines()


@pytest.mark.parametrize("width", range(40, 81, 5))
def test_a_table_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = shown(monkeypatch, width, [ROW, ROW])
    assert all(len(line) <= width for line in lines), lines
    assert sum(ID in line for line in lines) == 2
    assert "…" in "".join(lines[1:3]) or str(ROW["title"]) in lines[1]
    assert sum("no room for" in line for line in lines) == 1


def test_a_wide_table_cuts_nothing_short(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 400, [ROW])
    assert "…" not in "".join(lines)
    assert len(lines) == 2


@pytest.mark.parametrize("width", range(40, 81, 5))
def test_a_prompt_is_broken_between_words(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    lines = shown(monkeypatch, width, [["flag", SENTENCE]], wrapped=("prompt",))
    words = " ".join(line[8:] for line in lines[1:]).split()
    assert words == SENTENCE.split()


@pytest.mark.parametrize("width", [40, 80])
def test_an_id_of_a_single_thing_is_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    text = "\n".join(shown(monkeypatch, width, ROW))
    assert ID in text
    assert ID[::-1] in text
    assert len(re.findall("words", text)) == 40


def test_a_pipe_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = shown(monkeypatch, 0, [ROW])
    assert line.split("\t") == [ID, ROW["title"], ID[::-1], str(ROW["description"]).strip(), "no"]
    assert shown(monkeypatch, 0, [["flag", "word " * 99]], wrapped=()) == ["flag\t" + "word " * 99]


def test_all_tables_are_made_in_one_place() -> None:
    own = [
        str(path.relative_to(ROOT))
        for path in Path(ROOT / "src/ctfy/cli").rglob("*.py")
        if "rich.table" in path.read_text()
    ]
    assert own == ["src/ctfy/cli/output.py"]
