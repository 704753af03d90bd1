"""Both command lines, run in this process as if they were typed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import typer

from ctfy.cli import operator, player, session

PROGRAMS = {"ctfy": player.app, "ctfy-admin": operator.app}


@dataclass
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Terminal:
    """Somebody at a terminal, with a configuration folder of their own."""

    config: Path
    url: str
    token: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)

    def run(self, line: str, *more: str, people: bool = False) -> Ran:
        program, *arguments = [*shlex.split(line), *more]
        self.ran.add(leaf([program, *arguments]))
        environment = {
            "CTFY_CONFIG_DIR": str(self.config),
            "CTFY_URL": self.url,
            "COLUMNS": "200",
            **({"CTFY_TOKEN": self.token} if self.token else {}),
            **({"TTY_COMPATIBLE": "1", "NO_COLOR": "1"} if people else {}),
            **self.environment,
        }
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environment),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                session.run(PROGRAMS[program], program, arguments)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    def ok(self, line: str, *more: str, people: bool = False) -> str:
        ran = self.run(line, *more, people=people)
        assert ran.code == 0, (line, ran)
        return ran.out

    def json(self, line: str, *more: str) -> Any:
        return json.loads(self.ok(line, *more, "--json"))

    def both(self, line: str, *more: str) -> Any:
        """What programs get; people and pipes get something too, and no traceback."""
        self.ok(line, *more)
        assert self.ok(line, *more, people=True).strip()
        return self.json(line, *more)


def commands(app: typer.Typer, name: str) -> Iterator[tuple[str, Any]]:
    """Every command of a tree by its words."""
    return _walk(typer.main.get_command(app), name)


def _walk(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, sub in inner.items():
        yield from _walk(sub, f"{words} {name}")


def leaf(words: list[str]) -> str:
    """Which command a line calls."""
    command: Any = typer.main.get_command(PROGRAMS[words[0]])
    path = [words[0]]
    for word in words[3:] if words[1:2] == ["--host"] else words[1:]:
        inner = getattr(command, "commands", None)
        if inner is None or word not in inner:
            break
        command = inner[word]
        path.append(word)
    return " ".join(path)
