"""Programs written for the published package run against our server.

They know nothing but that package. Each runs in a process of its own, with a real server and a
real node.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.existing import PACKAGES, PROGRAMS, SOLVER, Platform
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.xdist_group("existing")
CONTRACT = Path(__file__).parent / "sdk.txt"
# What nobody has who signs in with a password alone.
NEVER_A_ROW = ["AuthResource.list_identities"]


def run(python: Path, program: str, *arguments: str, told: object = None) -> str:
    """What a program prints; one that fails, fails the test with its own words."""
    ran = subprocess.run(
        [str(python), str(PROGRAMS / program), *arguments],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=5 * PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module", params=PACKAGES)
def told(request: pytest.FixtureRequest, platform: Platform) -> Any:
    """What the program that calls every method says of it."""
    return json.loads(run(request.param, "every_method.py", told=platform.facts))


def methods_of_the_contract() -> set[str]:
    methods, cls = set(), ""
    for line in CONTRACT.read_text().splitlines():
        if line.startswith("## "):
            cls = line.split()[1]
        elif found := re.match(r"- (?:@classmethod )?([a-z]\w*)\(", line):
            methods.add(f"{cls}.{found[1]}")
    return methods


@pytest.mark.parametrize("python", PACKAGES)
def test_the_quick_start_captures_a_flag(python: Path, platform: Platform) -> None:
    platform.arena.competition("notes")
    with platform.arena.player() as player:
        token = player.auth.mint_token("quick start").token
    assert token.startswith("pf_")
    said = run(python, "quick_start.py", platform.arena.url, token, str(SOLVER))
    service, answer = said.splitlines()
    assert re.fullmatch(r"http http://[^/]+", service)
    assert answer.split()[:2] == ["True", "True"]


def test_every_method_is_answered_as_its_caller_expects(told: Any) -> None:
    assert not told["failed"], "\n".join(told["failed"])


def test_every_method_of_the_contract_is_called(told: Any) -> None:
    assert methods_of_the_contract() - set(told["called"]) == set()


def test_every_list_has_had_a_row(told: Any) -> None:
    assert told["never_a_row"] == NEVER_A_ROW
