"""`ctfy-admin admin people`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.people import PeopleImportInfo, PeopleImportRowInfo
from ctfy.server.models.tasks import AdminTaskInfo

app = typer.Typer(no_args_is_help=True)
ImportId = Annotated[str, typer.Argument(help="An import's id")]
_COLUMNS = "id created_at encoding delimiter to_create created existing refused ignored_columns"


@app.command()
@prints(_COLUMNS)
def check(
    file: Annotated[
        Path, typer.Argument(help="CSV: name, email, password, team, bracket, competition")
    ],
    competition: Annotated[
        str, typer.Option(help="The id of the competition of rows that name none")
    ] = "",
) -> PeopleImportInfo:
    """Send a file of people and say what its rows would come to; nothing is made yet.

    Example: ctfy-admin admin people check people.csv
    """
    return session.admin().people_imports.check(file.read_bytes(), competition_id=competition)


@app.command("list")
@prints(_COLUMNS, empty="No file yet.")
def list_(offset: Offset = 0, limit: Limit = 50) -> builtins.list[PeopleImportInfo]:
    """List the files that were sent in the last week.

    Example: ctfy-admin admin people list
    """
    return session.admin().people_imports.list(offset, limit)


@app.command()
@prints(_COLUMNS + " task_id")
def view(import_id: ImportId) -> PeopleImportInfo:
    """Show one file.

    Example: ctfy-admin admin people view IMPORT_ID
    """
    return session.admin().people_imports.get(import_id)


@app.command()
@prints("number outcome reason detail email name team competition user_id", empty="No such row.")
def rows(
    import_id: ImportId,
    outcome: Annotated[str, typer.Option(help="create, created, exists or refused")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[PeopleImportRowInfo]:
    """Say what each row of a file comes to, and why it is refused.

    Example: ctfy-admin admin people rows IMPORT_ID --outcome refused
    """
    return session.admin().people_imports.rows(import_id, offset, limit, outcome=outcome)


@app.command()
@prints("id kind status progress progress_message")
def apply(
    import_id: ImportId,
    right: Annotated[
        bool, typer.Option("--right", help="Leave refused rows out; without, none may be")
    ] = False,
    mail: Annotated[
        bool | None,
        typer.Option("--mail/--no-mail", help="Mail links to them; where mail is set, if left out"),
    ] = None,
) -> AdminTaskInfo:
    """Make the accounts of a file, with their teams, by a task.

    Example: ctfy-admin admin people apply IMPORT_ID --right
    """
    return session.admin().people_imports.apply(
        import_id, rows="right" if right else "all", mail=mail
    )


@app.command()
@prints()
def forget(import_id: ImportId) -> str:
    """Forget a file; the accounts that were made stay.

    Example: ctfy-admin admin people forget IMPORT_ID
    """
    session.admin().people_imports.forget(import_id)
    return "forgotten"
