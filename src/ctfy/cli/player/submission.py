"""`ctfy submission`: answers, and what became of them."""

from __future__ import annotations

import builtins
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.submissions import SubmissionState

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """Answers and what became of them."""


@app.command("list")
@prints("submitted_at challenge_id flag_id claimed_flag correct", empty="Nothing submitted yet.")
def list_(
    challenge: Annotated[str, typer.Option(help="Only to this challenge")] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[SubmissionState]:
    """List your team's answers, newest first.

    Example: ctfy submission list --challenge notes
    """
    return session.client().submissions.list(challenge, offset, limit)
