"""`ctfy-admin import`: moving house from another platform, on the machine of this one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ctfy.cli.operator.db import address, explained
from ctfy.cli.operator.server import CHALLENGES, ChallengesDir, DatabaseUrl, DataDir
from ctfy.cli.output import Code, err, fail, out, prints, say

if TYPE_CHECKING:
    from ctfy.server.database.connections import Database
    from ctfy.server.moving.move import Opened

app = typer.Typer(no_args_is_help=True)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be")]
AnyVersion = Annotated[
    bool, typer.Option("--any-version", help="Also of a version that is not known here")
]
Result = TypeVar("Result")


def _in_database(
    data_dir: Path, database_url: str, work: Callable[[Database], Coroutine[Any, Any, Result]]
) -> Result:
    """Do something in the platform's database, also while its server runs."""
    from ctfy.server.database.connections import Database
    from ctfy.server.database.revision import is_newest

    async def done(url: str) -> Result:
        connected = Database(url, pool_size=2)
        try:
            return await work(connected)
        finally:
            await connected.close()

    with explained(), address(data_dir, database_url) as url:
        if not is_newest(url):
            fail("the database is of another version", hint="ctfy-admin db upgrade")
        return asyncio.run(done(url))


def _show_moved(row: dict[str, Any]) -> None:
    """What became of everything, and whether the standings are theirs."""
    challenges = row["challenges"]
    for one in row["fields"]:
        why = f": {one['why']}" if one["why"] else ""
        out.print(f"{one['became']} {one['field']}{why}", markup=False, soft_wrap=True)
    out.print(f"carried challenges: {len(challenges)}", markup=False)
    for challenge in challenges:
        for one in challenge["fields"]:
            if one["became"] != "carried":
                line = f"  {challenge['id']}: {one['became']} {one['field']}: {one['why']}"
                out.print(line, markup=False, soft_wrap=True)
    for difference in row["standings_differences"]:
        out.print(f"standings differ at {difference}", markup=False, soft_wrap=True)
    if row["standings_teams"] is None:
        out.print("standings: the file holds none")
    elif row["standings_equal"]:
        out.print(f"standings: equal to theirs, {row['standings_teams']} teams")
    if row["written"]:
        out.print(f"competition: {row['competition_id']}", markup=False)


def _bring_in(
    opened: Opened,
    file: Path,
    *,
    dry_run: bool,
    challenges_dir: Path,
    data_dir: Path,
    database_url: str,
) -> dict[str, Any]:
    """Move a platform's file in, under a bar that says how far it is."""
    from rich.progress import BarColumn, Progress, TextColumn

    from ctfy.server.moving.move import move
    from ctfy.server.moving.source import ExportRefused, VersionUnknown

    bar = Progress(
        BarColumn(),
        TextColumn("{task.description}"),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        task = bar.add_task("reading the file", total=1.0)

        def tell(fraction: float, message: str) -> None:
            bar.update(task, completed=fraction, description=message)

        try:
            moved = _in_database(
                data_dir,
                database_url,
                lambda connected: move(
                    connected,
                    opened,
                    file,
                    challenges_dir,
                    dry_run=dry_run,
                    tell=tell,
                ),
            )
        except ExportRefused as error:
            bar.stop()
            is_version = isinstance(error, VersionUnknown)
            hint = "--any-version tries it all the same" if is_version else ""
            fail(f"{file}: {error}", hint=hint, code=Code.REFUSED)
    if moved.differences:
        say("error: the standings are not equal to theirs: see where")
    if not dry_run:
        id_ = moved.competition_id
        say("Next: ctfy-admin admin challenges rescan")
        say(f"Next: ctfy-admin admin competition update {id_} --status published")
    return moved.row()


@app.command()
@prints(people=_show_moved)
def ctfd(
    export: Annotated[Path, typer.Argument(help="The zip of CTFd's Admin > Config > Backup")],
    dry_run: DryRun = False,
    any_version: AnyVersion = False,
    challenges_dir: ChallengesDir = CHALLENGES,
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> dict[str, Any]:
    """Make a competition of a CTFd: challenges, people with their passwords, all that they did.

    Whole or not at all. It is a draft until you publish it; `ctfy-admin import undo` takes it back.

    Example: ctfy-admin import ctfd export.zip --dry-run
    """
    from ctfy.server.moving.ctfd import opened

    return _bring_in(
        partial(opened, any_version=any_version),
        export,
        dry_run=dry_run,
        challenges_dir=challenges_dir,
        data_dir=data_dir,
        database_url=database_url,
    )


@app.command()
@prints(people=_show_moved)
def gzctf(
    package: Annotated[Path, typer.Argument(help="The zip of a GZCTF game's Export")],
    dry_run: DryRun = False,
    any_version: AnyVersion = False,
    challenges_dir: ChallengesDir = CHALLENGES,
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> dict[str, Any]:
    """Make a competition of a GZCTF game: its settings and challenges, which is all it exports.

    Whole or not at all. It is a draft until you publish it; `ctfy-admin import undo` takes it back.

    Example: ctfy-admin import gzctf game-1-export.zip --dry-run
    """
    from ctfy.server.moving.gzctf import opened

    return _bring_in(
        partial(opened, any_version=any_version),
        package,
        dry_run=dry_run,
        challenges_dir=challenges_dir,
        data_dir=data_dir,
        database_url=database_url,
    )


@app.command()
@prints(people=_show_moved)
def rctf(
    dump: Annotated[Path, typer.Argument(help="What `pg_dump --file=rctf.sql rctf` writes")],
    config: Annotated[
        Path | None,
        typer.Option(help="rCTF's conf.d, or a file of it: the name, start, end, divisions"),
    ] = None,
    dry_run: DryRun = False,
    any_version: AnyVersion = False,
    challenges_dir: ChallengesDir = CHALLENGES,
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> dict[str, Any]:
    """Make a competition of an rCTF's database: challenges, teams, solves at their moments.

    Whole or not at all. It is a draft until you publish it; `ctfy-admin import undo` takes it back.

    Example: ctfy-admin import rctf rctf.sql --config conf.d --dry-run
    """
    from ctfy.server.moving.rctf import opened

    return _bring_in(
        partial(opened, any_version=any_version, config=config),
        dump,
        dry_run=dry_run,
        challenges_dir=challenges_dir,
        data_dir=data_dir,
        database_url=database_url,
    )


@app.command("list")
@prints("competition_id title source teams moved_at", empty="Nothing was moved in.")
def list_(data_dir: DataDir = Path("data"), database_url: DatabaseUrl = "") -> list[dict[str, Any]]:
    """List the competitions that came from another platform.

    Example: ctfy-admin import list
    """
    from ctfy.server.moving.undo import listed

    return [came.row() for came in _in_database(data_dir, database_url, listed)]


@app.command()
@prints()
def undo(
    competition_id: Annotated[str, typer.Argument(help="Of `ctfy-admin import list`")],
    challenges_dir: ChallengesDir = CHALLENGES,
    data_dir: DataDir = Path("data"),
    database_url: DatabaseUrl = "",
) -> dict[str, Any]:
    """Take a moved competition back, with what came with it and was not used since.

    Example: ctfy-admin import undo 0123456789abcdef
    """
    from ctfy.server.moving.undo import UndoRefused, undo

    try:
        undone = _in_database(
            data_dir,
            database_url,
            lambda connected: undo(connected, competition_id, challenges_dir),
        )
    except UndoRefused as error:
        fail(str(error), hint="ctfy-admin import list", code=Code.REFUSED)
    return vars(undone)
