"""`ctfy-admin db`, against a database of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ctfy.server.database.migrate import head
from tests.cli.terminal import PROGRAMS, Terminal, commands
from tests.conftest import cloned_database
from tests.processes import ADMIN, ROOT


def test_every_command_about_the_database(tmp_path: Path) -> None:
    me = Terminal(tmp_path / "config", "http://127.0.0.1:9")
    with cloned_database() as url:
        me.environment = {"CTFY_DATABASE_URL": url, "CTFY_DATA_DIR": str(tmp_path / "data")}
        assert "up to date" in me.ok("ctfy-admin db status")
        assert me.ok("ctfy-admin db current").strip() == head()
        assert head() in me.ok("ctfy-admin db history")
        me.ok("ctfy-admin db downgrade -1")
        assert "behind" in me.ok("ctfy-admin db status")
        assert me.run("ctfy-admin db downgrade nonsense").code == 1
        me.ok("ctfy-admin db upgrade")
        me.ok("ctfy-admin db migrate")
        me.ok(f"ctfy-admin db stamp {head()}")
        me.ok(f"ctfy-admin db backup -o {tmp_path}/it.backup")
        me.ok(f"ctfy-admin db restore {tmp_path}/it.backup")
        assert me.run(f"ctfy-admin db restore {tmp_path}/nothing").code == 1
        assert me.run("ctfy-admin db revision").code == 2
    every = {words for words, _ in commands(PROGRAMS["ctfy-admin"], "ctfy-admin")}
    assert {words for words in every if words.startswith("ctfy-admin db ")} == me.ran


def test_a_revision_is_written_beside_the_others(tmp_path: Path) -> None:
    """In a copy of the code: it writes into the code."""
    shutil.copytree(ROOT / "src" / "ctfy", tmp_path / "ctfy")
    with cloned_database() as url:
        done = subprocess.run(
            [sys.executable, "-c", ADMIN, "db", "revision", "-m", "A motto", "--autogenerate"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "CTFY_DATABASE_URL": url},
        )
    assert done.returncode == 0, done
    made = Path(done.stdout.strip())
    assert made.parent == tmp_path / "ctfy/server/database/migrations/versions"
    text = made.read_text()
    assert f'down_revision = "{head()}"' in text or f"down_revision = '{head()}'" in text
    assert "A motto" in text
    assert "create_table" not in text  # the tables in the code are the database's
