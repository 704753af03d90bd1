"""A backup made while everything runs brings the platform back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ctfy.server.database.migrate import head
from tests.conftest import (
    ADMIN_EMAIL,
    Arena,
    cloned_database,
    lone_server_and_database,
    sign_in,
)
from tests.processes import ADMIN, PATIENCE_S


def ctfy_admin(database: str, data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ADMIN, "db", *arguments, "--data-dir", str(data_dir)],
        env={**os.environ, "CTFY_DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, Path]]:
    """A backup, made while somebody registers again and again."""
    folder = tmp_path_factory.mktemp("backup")
    with lone_server_and_database(folder) as (url, database):
        admin = sign_in(url, ADMIN_EMAIL)
        arena = Arena(url, admin)
        competition = arena.competition("field-notes", title="Kept")
        player = arena.registered(competition)
        answer = player.submissions.submit_qa("field-notes", competition.id, "hello")
        assert answer.correct
        over = threading.Event()

        def register() -> None:
            while not over.is_set():
                arena.player()

        thread = threading.Thread(target=register)
        thread.start()
        target = folder / "ctfy.backup"
        done = ctfy_admin(database, folder, "backup", "-o", str(target))
        over.set()
        thread.join()
        assert done.returncode == 0, done.stderr
        assert "checked by restoring" in done.stdout
        assert target.stat().st_mode & 0o777 == 0o600
        busy = ctfy_admin(database, folder, "restore", str(target), "--force")
        assert (busy.returncode, busy.stderr.count("\n")) == (1, 1)
        assert "in use" in busy.stderr
        yield target, database, folder


def test_it_restores_into_an_empty_database(
    backed_up: tuple[Path, str, Path], tmp_path: Path
) -> None:
    target, _, folder = backed_up
    with cloned_database() as database:
        done = ctfy_admin(database, tmp_path, "restore", str(target))
        assert done.returncode == 0, done.stderr
        with psycopg.connect(database) as connection:
            titles = connection.execute("SELECT title FROM competitions").fetchall()
            solves = connection.execute("SELECT count(*) FROM solves").fetchone()
        assert (titles, solves) == ([("Kept",)], (1,))
        assert (tmp_path / "secret.key").read_bytes() == (folder / "secret.key").read_bytes()
        again = ctfy_admin(database, tmp_path, "restore", str(target))
        assert again.returncode == 1
        assert "--force" in again.stderr
        assert ctfy_admin(database, tmp_path, "restore", str(target), "--force").returncode == 0
        status = ctfy_admin(database, tmp_path, "status")
        assert "up to date" in status.stdout


@pytest.mark.parametrize("damage", ["cut short", "newer", "no backup", "missing"])
def test_a_damaged_backup_changes_nothing(
    backed_up: tuple[Path, str, Path], tmp_path: Path, damage: str
) -> None:
    target, _, _ = backed_up
    broken = tmp_path / "broken.backup"
    if damage == "cut short":
        broken.write_bytes(target.read_bytes()[:-40_000])
    elif damage == "no backup":
        broken.write_text("hello")
    elif damage == "newer":
        with tarfile.open(target) as tar:
            tar.extractall(tmp_path / "parts", filter="data")
        manifest = tmp_path / "parts" / "manifest.json"
        words = manifest.read_text()
        assert f'"revision": "{head()}"' in words
        manifest.write_text(words.replace(f'"revision": "{head()}"', '"revision": "9999"'))
        with tarfile.open(broken, "w") as tar:
            for part in sorted((tmp_path / "parts").iterdir()):
                tar.add(part, part.name)
    with cloned_database() as database:
        done = ctfy_admin(database, tmp_path, "restore", str(broken))
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT count(*) FROM competitions").fetchone() == (0,)
    assert not (tmp_path / "secret.key").exists()


def test_migrations_go_back_and_forth(tmp_path: Path) -> None:
    with cloned_database() as database:
        for arguments, revision in (
            (["downgrade", "0003"], "0003"),
            (["downgrade", "0002"], "0002"),
            (["upgrade"], head()),
            (["downgrade", "0001"], "0001"),
            (["migrate"], head()),
            (["stamp", "0002"], "0002"),
            (["stamp", head()], head()),
        ):
            done = ctfy_admin(database, tmp_path, *arguments)
            assert done.returncode == 0, done.stderr
            with psycopg.connect(database) as connection:
                stands = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            assert stands == [(revision,)]
        assert ctfy_admin(database, tmp_path, "current").stdout.strip() == head()
        everything = ctfy_admin(database, tmp_path, "downgrade", "base")
        assert (everything.returncode, everything.stderr.count("\n")) == (1, 1)
        unknown = ctfy_admin(database, tmp_path, "upgrade", "--revision", "9999")
        assert unknown.returncode == 1
        assert re.search(f"there are: 0001, 0002, .*{head()}", unknown.stderr)
