"""`ctfy-admin admin question`."""

from __future__ import annotations

from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.server.models.challenges import QuestionAttemptResetInfo

app = typer.Typer(no_args_is_help=True)


@app.callback()
def root() -> None:
    """Attempts at questions."""


@app.command()
@prints("team_id challenge_id question_id reset_at reason")
def reset_attempts(
    team_id: Annotated[str, typer.Argument()],
    challenge_id: Annotated[str, typer.Argument()],
    question_id: Annotated[str, typer.Argument()],
    reason: Annotated[str, typer.Option(help="Kept in the activity log")] = "",
) -> QuestionAttemptResetInfo:
    """Let a team be wrong at a question again as often as at first.

    Example: ctfy-admin admin question reset-attempts TEAM_ID notes year --reason "typo in it"
    """
    return session.admin().challenges.reset_question_attempts(
        team_id, challenge_id, question_id, reason=reason
    )
