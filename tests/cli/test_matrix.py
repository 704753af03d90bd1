"""`ctfy-admin challenge test`: the solvers of challenges on what this machine can run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctfy.node.providers import providers
from tests.available import PROVIDERS, needs
from tests.cli.terminal import Terminal

MATRIX = "ctfy-admin challenge test --matrix"


@pytest.fixture
def author(tmp_path: Path) -> Terminal:
    """Somebody with a challenge that runs anywhere, and no engine unless a test says so."""
    terminal = Terminal(
        tmp_path / "config",
        "http://127.0.0.1:9",
        environment={
            "CTFY_CHALLENGES_DIR": str(tmp_path / "challenges"),
            "DOCKER_HOST": f"unix://{tmp_path}/none",
        },
    )
    terminal.ok("ctfy-admin challenge new web-1 --category web")
    return terminal


def outcomes(rows: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {(row["challenge"], row["provider"]): row["outcome"] for row in rows}


def test_every_solver_runs_on_every_provider_that_is_there(
    author: Terminal, tmp_path: Path
) -> None:
    author.ok("ctfy-admin challenge new misc-1 --category misc")
    rows = author.json(f"{MATRIX} --jobs 2")
    known = {name for name, kind in providers().items() if kind.preference > 0}
    assert set(outcomes(rows)) == {(id_, name) for id_ in ("misc-1", "web-1") for name in known}
    assert all(
        row["outcome"] == ("passed" if row["provider"] == "sandbox" else "left out") for row in rows
    )
    assert all(row["seconds"] > 0 for row in rows if row["outcome"] == "passed")
    (why,) = {row["why"] for row in rows if row["provider"] == "docker"}
    assert "needs a running Docker engine" in why
    shown = author.ok(MATRIX, people=True)
    heading, first, *_ = shown.splitlines()
    assert heading.split() == ["challenge", "docker", "sandbox"]
    assert first.split()[:4] == ["misc-1", "left", "out", "passed"]
    assert "web-1, docker: left out: the docker provider needs" in shown
    assert (
        author.ok(f"{MATRIX} {tmp_path}/challenges/web-1").splitlines()[1].startswith("web-1\tsa")
    )


@needs("docker")
def test_both_providers_are_tried_where_both_are(author: Terminal) -> None:
    del author.environment["DOCKER_HOST"]
    rows = author.json(f"{MATRIX} web-1")
    assert outcomes(rows) == {("web-1", "docker"): "passed", ("web-1", "sandbox"): "passed"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_provider_is_tried_without_a_matrix(author: Terminal, provider: str) -> None:
    del author.environment["DOCKER_HOST"]
    (row,) = author.json(f"ctfy-admin challenge test web-1 --provider {provider}")
    assert (row["provider"], row["outcome"]) == (provider, "passed")


def test_a_solver_that_fails_fails_the_command(author: Terminal, tmp_path: Path) -> None:
    author.ok("ctfy-admin challenge new misc-1 --category misc")
    solver = tmp_path / "challenges" / "web-1" / "solve.py"
    solver.write_text("import sys\nsys.exit('too hard')\n")
    ran = author.run(f"{MATRIX} --json")
    (failed,) = (row for row in ran.json if row["outcome"] == "failed")
    assert ran.code == 1
    assert (failed["challenge"], failed["provider"]) == ("web-1", "sandbox")
    assert failed["why"] == "solve.py ended with 1: too hard"
    assert outcomes(ran.json)["misc-1", "sandbox"] == "passed"
    assert ran.err == "1 passed, 1 failed, 2 left out\n"


def test_what_a_provider_cannot_run_is_left_out_with_why(author: Terminal, tmp_path: Path) -> None:
    metadata = tmp_path / "challenges" / "web-1" / "metadata.yaml"
    metadata.write_text(metadata.read_text().partition("sandbox:")[0])
    author.ok("ctfy-admin challenge new huge")
    metadata = tmp_path / "challenges" / "huge" / "metadata.yaml"
    metadata.write_text(metadata.read_text() + "limits: {memory_mb: 1048576}\n")
    author.ok("ctfy-admin challenge new unsolved")
    (tmp_path / "challenges" / "unsolved" / "solve.py").unlink()
    ran = author.run("ctfy-admin challenge test --provider sandbox --json")
    why = {row["challenge"]: row["why"] for row in ran.json}
    assert {row["outcome"] for row in ran.json} == {"left out"}
    assert why["web-1"] == "This challenge needs a container engine; this node has none."
    assert "CTFY_NODE_MOST_MEMORY_MB" in why["huge"]
    assert why["unsolved"] == "it has no solve.py"
    assert ran.code == 1, "nothing was tried, so nothing is known"


def test_a_broken_challenge_fails_beside_the_others(author: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "challenges" / "odd"
    folder.mkdir()
    (folder / "metadata.yaml").write_text("name: Odd\n")
    ran = author.run(f"{MATRIX} --json")
    assert (ran.code, outcomes(ran.json)["odd", "none"]) == (1, "failed")
    assert outcomes(ran.json)["web-1", "sandbox"] == "passed"
    alone = author.run(f"{MATRIX} {folder} --json")
    assert (alone.code, alone.json[0]["outcome"]) == (1, "failed")
    assert "metadata.missing" in alone.json[0]["why"]
    author.ok(f"{MATRIX} web-1")


def test_a_challenge_without_an_instance_is_tried_once(author: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "challenges" / "port"
    folder.mkdir()
    (folder / "metadata.yaml").write_text(
        "{name: n, description: d, difficulty: easy, tags: [t], questions:"
        " [{id: port, prompt: p, answer: '443'}]}"
    )
    (folder / "solve.py").write_text("print('443')")
    rows = author.json(f"{MATRIX} {folder}")
    assert outcomes(rows) == {("port", "none"): "passed"}


def test_what_the_matrix_refuses(author: Terminal, tmp_path: Path) -> None:
    assert author.run(f"{MATRIX} --provider sandbox").code == 2
    assert author.run(f"{MATRIX} no-such-challenge").code == 4
    (tmp_path / "empty").mkdir()
    assert author.run(f"{MATRIX} {tmp_path}/empty").code == 1
