"""`ctfy-admin admin writeup`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.download import File, save
from ctfy.cli.output import Code, fail, prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.writeups import JudgedWriteup, MissingWriteup

app = typer.Typer(no_args_is_help=True)
CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
WriteupId = Annotated[str, typer.Argument(help="As `writeup list` says")]
Team = Annotated[str, typer.Option(help="Of this team, by id")]
Challenge = Annotated[str, typer.Option(help="Of this challenge")]
_COLUMNS = "id team_name challenge_id format updated_at mark judged_by_name published_at"


@app.command("list")
@prints(_COLUMNS, empty="No write-ups.")
def list_(
    competition_id: CompetitionId,
    team: Team = "",
    challenge: Challenge = "",
    judged: Annotated[bool | None, typer.Option("--judged/--unjudged", help="Only those")] = None,
    published: Annotated[
        bool | None, typer.Option("--published/--unpublished", help="Only those")
    ] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[JudgedWriteup]:
    """List the write-ups of a competition, the latest first.

    Example: ctfy-admin admin writeup list COMPETITION_ID --challenge notes --unjudged
    """
    given = {
        "team_id": team or None,
        "challenge_id": challenge or None,
        "judged": judged,
        "published": published,
    }
    filters = {name: value for name, value in given.items() if value is not None}
    writeups = session.admin().writeups
    return writeups.list(competition_id, offset=offset, limit=limit, **filters)


@app.command()
@prints("team_name challenge_id solved_at team_id", empty="Nobody lacks one.")
def missing(
    competition_id: CompetitionId,
    team: Team = "",
    challenge: Challenge = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[MissingWriteup]:
    """List who solved a challenge and handed in no write-up of it.

    Example: ctfy-admin admin writeup missing COMPETITION_ID --challenge notes
    """
    return session.admin().writeups.missing(
        competition_id, team_id=team, challenge_id=challenge, offset=offset, limit=limit
    )


@app.command()
@prints(_COLUMNS + " notes text")
def view(competition_id: CompetitionId, writeup_id: WriteupId) -> JudgedWriteup:
    """Show a write-up, with the judges' notes.

    Example: ctfy-admin admin writeup view COMPETITION_ID WRITEUP_ID
    """
    return session.admin().writeups.get(competition_id, writeup_id)


@app.command()
@prints(_COLUMNS + " notes")
def judge(
    competition_id: CompetitionId,
    writeup_id: WriteupId,
    mark: Annotated[int | None, typer.Option(help="0 to 100")] = None,
    notes: Annotated[str | None, typer.Option(help="For operators alone")] = None,
    publish: Annotated[
        bool | None,
        typer.Option("--publish/--unpublish", help="For everybody, once the competition is over"),
    ] = None,
) -> JudgedWriteup:
    """Give a write-up a mark, write notes on it, publish it; what is left out stays.

    Example: ctfy-admin admin writeup judge COMPETITION_ID WRITEUP_ID --mark 90 --publish
    """
    given: dict[str, Any] = {"mark": mark, "notes": notes, "published": publish}
    fields = {name: value for name, value in given.items() if value is not None}
    if not fields:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    return session.admin().writeups.judge(competition_id, writeup_id, **fields)


@app.command()
@prints()
def download(competition_id: CompetitionId, target: File = Path()) -> str:
    """Save every write-up as one zip: a folder for each challenge, a file for each team.

    Example: ctfy-admin admin writeup download COMPETITION_ID --out writeups.zip
    """
    found = session.admin().writeups.archive(competition_id)
    return save(target, f"writeups-{competition_id}.zip", found)
