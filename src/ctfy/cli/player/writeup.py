"""`ctfy writeup`: how your team solved what it solved."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.download import File, read_file, save
from ctfy.cli.output import Code, fail, out, print_table, prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.writeups import TeamWriteup, TeamWriteups, Writeup

app = typer.Typer(no_args_is_help=True)
CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
WriteupId = Annotated[str, typer.Argument(help="As `ctfy writeup list --json` says")]
_COLUMNS = "id challenge_id format size_bytes updated_at published_at"


def _say(found: TeamWriteups) -> None:
    """Until when, and a line for each challenge."""
    if found.writeups_until is None:
        out.print("This competition takes no write-ups.")
        return
    state = "open" if found.is_open else "closed"
    out.print(f"Write-ups until {found.writeups_until.isoformat()} ({state})")
    rows = [
        (item.challenge_id, "yes" if item.solved else "no", *_handed_in(item))
        for item in found.items
    ]
    print_table(("challenge_id", "solved", "format", "handed in", "id"), rows)


def _handed_in(item: TeamWriteup) -> tuple[str, str, str]:
    writeup = item.writeup
    if writeup is None:
        return "", "", ""
    at = writeup.updated_at.isoformat(timespec="minutes") if writeup.updated_at else ""
    return writeup.format, at, writeup.id


@app.command("list")
@prints(people=_say)
def list_(competition_id: CompetitionId) -> TeamWriteups:
    """Say until when write-ups are taken, of what your team may write, and what it handed in.

    Example: ctfy writeup list COMPETITION_ID
    """
    return session.client().competition(competition_id).writeups.of_team()


@app.command()
@prints(_COLUMNS)
def hand_in(
    competition_id: CompetitionId,
    challenge_id: Annotated[str, typer.Argument(help="One that your team tried")],
    file: Annotated[Path, typer.Argument(help="Markdown, or a PDF")],
) -> Writeup:
    """Hand in your team's write-up of a challenge, in place of the one before.

    Example: ctfy writeup hand-in COMPETITION_ID notes notes.md
    """
    content = read_file(file)
    writeups = session.client().competition(competition_id).writeups
    if content.startswith(b"%PDF-"):
        return writeups.hand_in_pdf(challenge_id, content)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        fail(f"{file} is neither a PDF nor text in UTF-8", code=Code.USAGE)
    return writeups.hand_in(challenge_id, text)


@app.command()
@prints("team_name " + _COLUMNS, empty="No write-ups of it were published.")
def published(
    competition_id: CompetitionId,
    challenge_id: Annotated[str, typer.Argument()],
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[Writeup]:
    """List the write-ups of a challenge that were published after the end.

    Example: ctfy writeup published COMPETITION_ID notes
    """
    writeups = session.client().competition(competition_id).writeups
    return writeups.list(challenge_id, offset, limit)


@app.command()
@prints("team_name challenge_name text " + _COLUMNS)
def view(writeup_id: WriteupId) -> Writeup:
    """Show a write-up: your team's, or a published one.

    Example: ctfy writeup view WRITEUP_ID --jq .text
    """
    return session.client().writeups.get(writeup_id)


@app.command()
@prints()
def download(writeup_id: WriteupId, target: File = Path()) -> str:
    """Save a write-up, as Markdown or as the PDF that it is.

    Example: ctfy writeup download WRITEUP_ID --out notes.pdf
    """
    writeups = session.client().writeups
    found = writeups.get(writeup_id)
    name = f"writeup-{found.challenge_id}-{found.id[:8]}"
    if found.format == "pdf":
        return save(target, f"{name}.pdf", writeups.pdf(writeup_id))
    return save(target, f"{name}.md", found.text.encode())
