"""Our clients on a server of 0.6.6: they live with what is not in its answers.

What it does not have is said in words, and by no other error.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import os
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from ctfy.sdk import CtfyError, PlatformClient
from ctfy.sdk.base import BaseHttpClient
from tests.cli.terminal import PROGRAMS, Terminal, commands
from tests.contract.older_server import Fill, older_server

OLDER = re.compile(r"older|an id in it is empty")  # it need not send one
TRANSPORT = {name for name, _ in inspect.getmembers(BaseHttpClient, inspect.isfunction)}


@pytest.fixture(params=Fill, ids=lambda fill: fill.value)
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    with older_server(request.param) as url:
        yield url


def methods(part: object) -> Iterator[Callable[..., Any]]:
    """Every method of a client and of its parts."""
    for name, member in inspect.getmembers(type(part)):
        if name.startswith("_") or name in TRANSPORT:
            continue
        if inspect.isfunction(member):
            yield getattr(part, name)
        elif isinstance(member, cached_property):
            inner = getattr(part, name)
            if type(inner).__module__.startswith("ctfy.sdk"):
                yield from methods(inner)


def argument(kind: Any) -> Any:
    """Something of that type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return argument(inner[0])
    if origin is typing.Literal:
        return inner[0]
    plain = {str: "x", int: 1, float: 1.0, bool: True, bytes: b"x", list: ["x"]}
    plain |= {each: {} for each in (dict, Mapping)}
    return plain.get(origin or kind, "x")


def needed(method: Callable[..., Any]) -> dict[str, Any]:
    """What a method cannot be called without."""
    hints = typing.get_type_hints(method)
    return {
        name: argument(hints[name])
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    }


def fault(method: Callable[..., Any]) -> str:
    """What goes wrong that is not said in words."""
    try:
        answer = method(**needed(method))
        if isinstance(answer, Iterator):
            list(itertools.islice(answer, 1))
    except CtfyError as error:
        return "" if OLDER.search(str(error)) else f"{type(error).__name__}: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_no_method_needs_what_an_older_server_does_not_send(server: str) -> None:
    client = PlatformClient(server, "x", max_retries=0)
    called = [*methods(client), *methods(client.competition("x"))]
    assert len(called) > 150
    faults = {m.__qualname__: wrong for m in called if (wrong := fault(m))}
    assert not faults, "\n".join(f"{name}: {wrong}" for name, wrong in faults.items())


# Those that never end, that ask a person, or that are about this machine alone.
NOT_RUN = re.compile(
    r"ctfy (play|mcp|login|logout|config .*|events watch|auth (login|logout|register|switch))"
    r"|ctfy-admin (up|worker|login|server start|node (join|prebuild)|db .*|challenge .*|import .*)"
)
MORE = {
    "ctfy auth password set": "--current x --new another-long-secret",
    "ctfy auth totp setup": "--password x",
    "ctfy auth totp disable": "--password x",
    "ctfy me delete": "--confirm-display-name x",
    "ctfy me edit": "--bio x",
    "ctfy-admin admin announcement create": "--title x",
    "ctfy-admin admin branding update": "--event-name x",
    "ctfy-admin admin challenges build": "--all",
    "ctfy-admin admin challenges pull": "--all",
    "ctfy-admin admin competition challenge": "--value 1",
    "ctfy-admin admin competition create": "--title x",
    "ctfy-admin admin notification create": "--address x",
    "ctfy-admin admin notification update": "--name x",
    "ctfy-admin admin pages update": "--title x --version 1",
    "ctfy-admin admin competition update": "--title x",
    "ctfy-admin admin team update": "--name x",
    "ctfy-admin admin fields update": "--label x",
    "ctfy-admin admin fields correct": "--field x=x",
    "ctfy-admin admin writeup judge": "--mark 1",
}
ARGUMENTS = {
    "ctfy-admin admin award give": ["x", "x", "--points 1", "--reason x"],
    "ctfy-admin admin competition table": ["x", "standings"],
    "ctfy-admin admin competition extend": ["x", "--minutes 15"],
    "ctfy-admin admin challenges import": ["/dev/null"],
    "ctfy-admin admin challenges diff": ["x", "1"],
    "ctfy-admin admin challenges rollback": ["x", "1"],
    "ctfy-admin admin branding set-image": ["logo", "/dev/null"],
    "ctfy-admin admin branding remove-image": ["logo"],
    "ctfy-admin admin images upload": ["/dev/null"],
    "ctfy me avatar": ["/dev/null"],
    "ctfy competition logo": ["x", "/dev/null"],
    "ctfy-admin admin users avatar": ["x", "/dev/null"],
    "ctfy-admin admin team logo": ["x", "x", "/dev/null"],
    "ctfy writeup hand-in": ["x", "x", "/dev/null"],
}
LINES = {
    words: command
    for program, app in PROGRAMS.items()
    for words, command in commands(app, program)
    if not NOT_RUN.fullmatch(words)
}


def typed(words: str, command: Any) -> str:
    """A line that calls a command with what it cannot do without."""
    arguments = [p for p in command.params if p.required]
    given = [f"--{p.name} x" if p.param_type_name == "option" else "x" for p in arguments]
    yes = [p.opts[0] for p in command.params if "--yes" in p.opts]
    return " ".join([words, *(ARGUMENTS.get(words) or given), *yes, MORE.get(words, "")])


@pytest.mark.parametrize("server", [Fill.ROWS], indirect=True)
def test_no_command_needs_what_an_older_server_does_not_send(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some save a file
    faults = {}
    terminal = Terminal(tmp_path, server, "x", {"CTFY_DEBUG": "1"})
    for words, command in LINES.items():
        line = typed(words, command)
        try:
            ran = terminal.run(line)
        except Exception as error:
            faults[line] = f"{type(error).__name__}: {error}"
            continue
        if ran.code and not OLDER.search(ran.err):
            faults[line] = ran.err
    assert not faults, "\n".join(f"{line}: {wrong}" for line, wrong in faults.items())


@pytest.mark.parametrize("server", [Fill.ROWS], indirect=True)
def test_no_tool_needs_what_an_older_server_does_not_send(server: str) -> None:
    faults = {}
    program = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from ctfy.cli.player import main; main()", "mcp"],
        env={**os.environ, "CTFY_URL": server, "CTFY_TOKEN": "x"},
    )

    async def call_all() -> None:
        async with Client(program) as client:
            for tool in (await client.list_tools()).tools:
                schema = tool.input_schema
                given = dict.fromkeys(schema.get("required", []), "x")
                if "challenge_id" in schema["properties"]:  # of some tools it is one of two
                    given["challenge_id"] = "x"
                found = await client.call_tool(tool.name, given)
                said = str(found.content)
                if found.is_error and not OLDER.search(said):
                    faults[tool.name] = said

    asyncio.run(call_all())
    assert not faults, "\n".join(f"{tool}: {wrong}" for tool, wrong in faults.items())
