"""Every command and option that scripts call is there, and each has help with an example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import PROGRAMS, commands

TREES = {name: dict(commands(app, name)) for name, app in PROGRAMS.items()}
ALL = TREES["ctfy"] | TREES["ctfy-admin"]
LINES = [
    line
    for line in (Path(__file__).parent.parent / "contract" / "cli.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_contract_is_there_with_its_options(line: str) -> None:
    words = re.match(r"^[a-z -]+", line)
    assert words
    command: Any = ALL[words[0].strip()]
    options = {name for parameter in command.params for name in parameter.opts}
    promised = re.findall(r"\[(-[^\] ]+)", line)
    for option in promised:
        assert set(option.split("/")) <= options, option
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    assert len(arguments) >= len(re.findall(r"<[A-Z_]+>|\[[A-Z_]+\]", line))
    needed = [argument for argument in arguments if argument.required]
    assert len(needed) <= line.count("<")


@pytest.mark.parametrize("words", ALL)
def test_somebody_is_named_by_address_or_id_alike(words: str) -> None:
    for parameter in ALL[words].params:
        about = f"{parameter.name} {getattr(parameter, 'help', '') or ''}"
        somebody = re.search(r"user_id|user's id|this person|[Mm]ember's", about)
        if somebody and parameter.name != "email":
            assert re.search(r"e-mail.* id", about), (words, about)


@pytest.mark.parametrize("words", [words for words, command in ALL.items() if not command.hidden])
def test_a_command_has_help_with_an_example(words: str) -> None:
    command: Any = ALL[words]
    assert "Example: " in command.help, words
    line = re.sub(r" --host \S+", "", command.help.split("Example: ")[1].split("\n\n")[0])
    example = re.search(r"ctfy(-admin)?( [a-z][a-z-]*)+", line)
    assert example, words
    # `ctfy login` is also `ctfy auth login`.
    assert example[0].startswith(words) or example[0].split()[-1] == words.split()[-1], words
    # What it is called with there is what it takes.
    given = set(re.findall(r" (--[a-z-]+)", line))
    options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    assert given <= options, words
