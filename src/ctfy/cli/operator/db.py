"""`ctfy-admin db`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli.operator.server import DatabaseUrl, DataDir, one_line_errors
from ctfy.cli.output import Code, fail, out

app = typer.Typer(no_args_is_help=True)


@contextlib.contextmanager
def address(data_dir: Path, database_url: str) -> Iterator[str]:
    """The database's URL, as the server finds it, without migrating it."""
    from ctfy.server.database.embedded import EmbeddedPostgres
    from ctfy.server.database.revision import check
    from ctfy.server.settings import Settings

    settings = Settings(data_dir=data_dir, database_url=database_url)
    if settings.database_url:
        check(settings.database_url)
        yield settings.database_url
        return
    if not (data_dir / "postgres").is_dir():
        fail(f"{data_dir} holds no database", hint="give --data-dir or --database-url")
    embedded = EmbeddedPostgres(data_dir)
    try:
        yield embedded.start()
    finally:
        embedded.stop()


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what a database can refuse into one clear line and exit code 1."""
    import psycopg

    from ctfy.server.database.backup import BackupFailed
    from ctfy.server.database.migrate import MigrationRefused

    with one_line_errors():
        try:
            yield
        except (BackupFailed, MigrationRefused) as error:
            fail(str(error))
        except psycopg.OperationalError as error:
            fail(f"the database does not answer: {str(error).splitlines()[0]}")


@app.command()
def backup(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write")] = None,
    archive: Annotated[
        bool, typer.Option(help="Take the archives of ended instances along")
    ] = True,
    verify: Annotated[bool, typer.Option(help="Check it by restoring it aside")] = True,
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> None:
    """Write the whole platform to one file, also while it runs.

    Example: ctfy-admin db backup -o ctfy.backup
    """
    from ctfy.server.database.backup import back_up

    target = output or Path(f"ctfy-{datetime.now(UTC):%Y%m%d-%H%M%S}.backup")
    with explained(), address(data_dir, database_url) as url:
        summary = back_up(url, data_dir, target, with_archive=archive, verify=verify)
    checked = "checked by restoring" if verify else "not checked"
    out.print(f"{target}: {summary.size:,} bytes, revision {summary.revision}, {checked}")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that `db backup` wrote")],
    force: Annotated[bool, typer.Option(help="Replace what is there")] = False,
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> None:
    """Bring a backup back; every server and worker must be stopped.

    Example: ctfy-admin db restore ctfy.backup
    """
    from ctfy.server.database.backup import restore as bring_back

    if not source.exists():
        fail(f"{source}: no such file")
    (data_dir / "postgres").mkdir(parents=True, exist_ok=True)
    with explained(), address(data_dir, database_url) as url:
        summary = bring_back(url, data_dir, source, force=force)
    out.print(f"restored what was backed up at {summary.created_at}, revision {summary.revision}")


@app.command()
def status(data_dir: DataDir = Path("data"), database_url: DatabaseUrl = "") -> None:
    """Say which revision the database is at, and which this version needs.

    Example: ctfy-admin db status
    """
    from ctfy.server.database.migrate import current, head

    with explained(), address(data_dir, database_url) as url:
        have, need = current(url), head()
    state = "up to date" if have == need else "behind: run `ctfy-admin db upgrade`"
    out.print(f"database at {have or 'nothing'}, this version needs {need}: {state}")


@app.command("current")
def current_revision(data_dir: DataDir = Path("data"), database_url: DatabaseUrl = "") -> None:
    """Print the database's revision.

    Example: ctfy-admin db current
    """
    from ctfy.server.database.migrate import current

    with explained(), address(data_dir, database_url) as url:
        out.print(current(url) or "nothing")


@app.command()
def history() -> None:
    """Print every revision, newest first.

    Example: ctfy-admin db history
    """
    from ctfy.server.database.migrate import revisions

    for number, words in revisions():
        out.print(f"{number}  {words}")


@app.command()
def upgrade(
    revision: Annotated[str, typer.Option(help="How far")] = "head",
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> None:
    """Bring the database to this version's schema, or to an earlier revision on the way.

    Example: ctfy-admin db upgrade
    """
    from ctfy.server.database.migrate import current
    from ctfy.server.database.migrate import upgrade as go

    with explained(), address(data_dir, database_url) as url:
        go(url, revision)
        out.print(f"database at {current(url)}")


@app.command()
def migrate(data_dir: DataDir = Path("data"), database_url: DatabaseUrl = "") -> None:
    """The same as `upgrade`, to the newest revision.

    Example: ctfy-admin db migrate
    """
    upgrade("head", data_dir, database_url)


@app.command(context_settings={"ignore_unknown_options": True})  # -1 is no option
def downgrade(
    revision: Annotated[str, typer.Argument(help="How far back, as 0002 or -1")],
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> None:
    """Take migrations back; what only they can hold is lost. Back up first.

    Example: ctfy-admin db downgrade 0002
    """
    from ctfy.server.database.migrate import current
    from ctfy.server.database.migrate import downgrade as go

    with explained(), address(data_dir, database_url) as url:
        go(url, revision)
        out.print(f"database at {current(url) or 'nothing'}")


@app.command()
def stamp(
    revision: Annotated[str, typer.Argument(help="The revision that it is at")],
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> None:
    """Say which revision the database is at, without changing anything else.

    Example: ctfy-admin db stamp 0003
    """
    from ctfy.server.database.migrate import stamp as go

    with explained(), address(data_dir, database_url) as url:
        go(url, revision)
    out.print(f"database stamped as {revision}")


@app.command()
def revision(
    message: Annotated[str, typer.Option("--message", "-m", help="What it does")] = "",
    autogenerate: Annotated[
        bool, typer.Option("--autogenerate", help="Fill it from the tables in the code")
    ] = False,
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> None:
    """Write a new migration, for developers of ctfy itself.

    Example: ctfy-admin db revision -m "A team has a motto" --autogenerate
    """
    from ctfy.server.database.migrate import add_revision
    from ctfy.server.tables import Base

    if not message:
        fail("no message", hint="-m 'what it does'", code=Code.USAGE)
    with explained(), address(data_dir, database_url) as url:
        tables = Base.metadata if autogenerate else None
        out.print(str(add_revision(url, message, tables)), soft_wrap=True)
