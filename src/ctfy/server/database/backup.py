"""A whole platform in one file, and back: the database, the root secret, the archives if wanted."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ctfy import __version__
from ctfy.server.database.embedded import bin_path
from ctfy.server.database.migrate import known_revisions

MANIFEST, DUMP, SECRET, ARCHIVE = "manifest.json", "database.dump", "secret.key", "archive"
_FORMAT, _VERSION = "ctfy-backup", 1
_LEAVING_S = 3  # a connection that was just closed is still counted for a moment


class BackupFailed(RuntimeError):
    """The backup or its restoring did not work; nothing is half done."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds: its schema's revision, and how many rows by table."""

    revision: str
    created_at: str
    rows: dict[str, int]
    size: int


def back_up(url: str, data_dir: Path, target: Path, *, with_archive: bool, verify: bool) -> Summary:
    """Write a backup while everything runs: one consistent state, then checked by restoring it.

    Raises BackupFailed; the target is written whole or not at all.
    """
    draft = target.with_name(f".{target.name}.draft")
    with tempfile.TemporaryDirectory(prefix="ctfy-backup-") as folder:
        dump = Path(folder) / DUMP
        with psycopg.connect(url) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            snapshot = _one(connection, "SELECT pg_export_snapshot()")
            revision = _one(connection, "SELECT version_num FROM alembic_version")
            rows = _count(connection)
            _run(
                "pg_dump",
                url,
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={dump}",
            )
        if verify:
            _check(url, dump, rows)
        manifest: dict[str, Any] = {
            "format": _FORMAT,
            "version": _VERSION,
            "ctfy": __version__,
            "revision": revision,
            "created_at": datetime.now(UTC).isoformat(),
            "rows": rows,
            "dump_bytes": dump.stat().st_size,
        }
        try:
            with (
                open(draft, "wb", opener=_private) as file,
                tarfile.open(fileobj=file, mode="w") as tar,
            ):
                _add(tar, MANIFEST, json.dumps(manifest, indent=2).encode())
                tar.add(dump, DUMP)
                if (data_dir / SECRET).exists():
                    tar.add(data_dir / SECRET, SECRET)
                if with_archive and (data_dir / ARCHIVE).is_dir():
                    tar.add(data_dir / ARCHIVE, ARCHIVE)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return Summary(revision, manifest["created_at"], rows, target.stat().st_size)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # it holds the root secret


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _check(url: str, dump: Path, rows: dict[str, int]) -> None:
    """Restore a dump into a database of its own and count again."""
    with _scratch(url) as scratch:
        _run("pg_restore", scratch, "--exit-on-error", "--no-owner", "--no-privileges", str(dump))
        with psycopg.connect(scratch) as connection:
            restored = _count(connection)
    if restored != rows:
        raise BackupFailed("the backup does not restore to what was backed up")


@contextlib.contextmanager
def _scratch(url: str) -> Iterator[str]:
    name = f"ctfy_check_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield psycopg.conninfo.make_conninfo(url, dbname=name)
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def restore(url: str, data_dir: Path, source: Path, *, force: bool) -> Summary:
    """Bring a backup back, in one transaction.

    Raises BackupFailed when the file is damaged or of a newer version, when somebody uses the
    database, or when it holds something and `force` is not given.
    """
    try:
        with tarfile.open(source) as tar, tempfile.TemporaryDirectory(prefix="ctfy-") as folder:
            manifest = _manifest(tar)
            tar.extractall(folder, filter="data")
            dump = Path(folder) / DUMP
            if not dump.exists() or dump.stat().st_size != manifest["dump_bytes"]:
                raise BackupFailed(f"{source} is cut short")
            _require_free(url, force=force)
            _check(url, dump, manifest["rows"])  # before anything is touched
            _run(
                "pg_restore",
                url,
                "--single-transaction",
                "--exit-on-error",
                "--clean",
                "--if-exists",
                "--no-owner",
                "--no-privileges",
                str(dump),
            )
            _bring(Path(folder), data_dir)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupFailed(f"{source} is no backup, or cut short") from error
    return Summary(
        manifest["revision"], manifest["created_at"], manifest["rows"], source.stat().st_size
    )


def _manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    try:
        file = tar.extractfile(MANIFEST)
        manifest: dict[str, Any] = json.loads(file.read() if file else b"")
    except (KeyError, ValueError):
        manifest = {}
    if manifest.get("format") != _FORMAT:
        raise BackupFailed("this is no ctfy backup")
    if manifest["version"] != _VERSION or manifest["revision"] not in known_revisions():
        raise BackupFailed(
            f"this backup was made by a newer ctfy ({manifest.get('ctfy')}): upgrade ctfy first"
        )
    return manifest


def _require_free(url: str, *, force: bool) -> None:
    others = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        until = time.monotonic() + _LEAVING_S
        while int(_one(connection, others)):
            if time.monotonic() > until:
                raise BackupFailed("the database is in use: stop every server and worker first")
            time.sleep(0.1)
        there = connection.execute("SELECT to_regclass('users')").fetchone()
        if there and there[0] is not None and not force:
            people = _one(connection, "SELECT count(*) FROM users")
            if int(people):
                raise BackupFailed(
                    f"the database holds {people} accounts already: --force replaces everything"
                )


def _bring(folder: Path, data_dir: Path) -> None:
    """Put the secret and the archives where the server looks for them."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if (folder / SECRET).exists():
        target = data_dir / SECRET
        draft = target.with_suffix(".draft")
        with open(draft, "wb", opener=_private) as file:
            file.write((folder / SECRET).read_bytes())
        draft.replace(target)
    if (folder / ARCHIVE).is_dir():
        shutil.copytree(folder / ARCHIVE, data_dir / ARCHIVE, dirs_exist_ok=True)


def _count(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """How many rows each table of ours has."""
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    return {
        name: int(_one(connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))))
        for (name,) in names
        if not name.startswith("procrastinate_")
    }


def _one(connection: psycopg.Connection[Any], query: Any) -> str:
    row = connection.execute(query).fetchone()
    if row is None:
        raise BackupFailed("this database holds no ctfy")
    return str(row[0])


def _run(tool: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's tools; the address goes by its environment, unseen by others."""
    program = _find(tool)
    fields = conninfo_to_dict(url)
    environment = {**os.environ}
    for key, variable in _VARIABLES.items():
        if fields.get(key) is not None:
            environment[variable] = str(fields[key])
    command = [program, *arguments]
    if tool == "pg_restore":
        command.insert(1, f"--dbname={fields.get('dbname', '')}")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise BackupFailed(f"{tool}: {words}")


_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def _find(tool: str) -> str:
    """The tool that comes with the embedded PostgreSQL, whose version reads any earlier server."""
    own = bin_path() / tool
    found = str(own) if own.exists() else shutil.which(tool)
    if found is None:
        raise BackupFailed(f"{tool} is missing: install PostgreSQL's client programs")
    return found
