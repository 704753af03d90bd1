"""`ctfy-admin admin submission`."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.output import prints
from ctfy.cli.paging import Limit, Offset
from ctfy.cli.people import user_id
from ctfy.server.models.submissions import AdminSubmission, ChallengeResetInfo, RegradeResult

app = typer.Typer(no_args_is_help=True)
CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
SubmissionId = Annotated[str, typer.Argument(help="As `submission list` says")]
Reason = Annotated[str, typer.Option(help="Kept in the activity log")]
_COLUMNS = (
    "id submitted_at team_name display_name challenge_id question_id answer correct overruled"
)


@app.command("list")
@prints(_COLUMNS, empty="Nobody answered that.")
def list_(
    competition_id: CompetitionId,
    team: Annotated[str, typer.Option(help="Of this team, by id")] = "",
    user: Annotated[str, typer.Option(help="Of this person, by e-mail address or id")] = "",
    challenge: Annotated[str, typer.Option(help="To this challenge")] = "",
    question: Annotated[str, typer.Option(help="To this question")] = "",
    right: Annotated[bool | None, typer.Option("--right/--wrong", help="Only those")] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[AdminSubmission]:
    """List what everybody answered in a competition, newest first.

    Example: ctfy-admin admin submission list COMPETITION_ID --challenge notes --wrong
    """
    filters: dict[str, Any] = {
        "team_id": team,
        "user_id": user_id(user),
        "challenge_id": challenge,
        "question_id": question,
    }
    if right is not None:
        filters["correct"] = right
    submissions = session.admin().submissions
    return submissions.list(competition_id, offset=offset, limit=limit, **filters)


@app.command()
@prints(_COLUMNS)
def accept(
    competition_id: CompetitionId, submission_id: SubmissionId, reason: Reason = ""
) -> AdminSubmission:
    """Let a wrong answer count as right; it costs no attempt, then.

    Example: ctfy-admin admin submission accept COMPETITION_ID SUBMISSION_ID --reason "as good"
    """
    return session.admin().submissions.accept(competition_id, submission_id, reason=reason)


@app.command()
@prints(_COLUMNS)
def strike(
    competition_id: CompetitionId, submission_id: SubmissionId, reason: Reason = ""
) -> AdminSubmission:
    """Let a right answer count no more.

    Example: ctfy-admin admin submission strike COMPETITION_ID SUBMISSION_ID --reason "copied"
    """
    return session.admin().submissions.strike(competition_id, submission_id, reason=reason)


@app.command()
@prints("dry_run checked became_right became_wrong ruled unknown completed changes")
def regrade(
    competition_id: CompetitionId,
    challenge_id: Annotated[str, typer.Argument(help="A challenge that is in it")],
    question_id: Annotated[str, typer.Argument(help="One of its questions")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it: else it is only said")] = False,
) -> RegradeResult:
    """Grade all submissions to a question again, after its answer was changed.

    Example: ctfy-admin admin submission regrade COMPETITION_ID notes year --apply
    """
    submissions = session.admin().submissions
    return submissions.regrade(competition_id, challenge_id, question_id, dry_run=not apply)


_RESET = "id challenge_id dry_run teams solves answers attempts hints submissions reason undone_at"


@app.command("reset-challenge")
@prints(_RESET)
def reset_challenge(
    competition_id: CompetitionId,
    challenge_id: Annotated[str, typer.Argument(help="A challenge that is in it")],
    reason: Annotated[str, typer.Option(help="Why; players read it")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Do it: else it is only counted")] = False,
) -> ChallengeResetInfo:
    """Take back all solves, attempts and hints of a challenge; `undo-reset` gives them back.

    Example: ctfy-admin admin submission reset-challenge COMPETITION_ID notes --reason typo --apply
    """
    submissions = session.admin().submissions
    return submissions.reset_challenge(
        competition_id, challenge_id, reason=reason, dry_run=not apply
    )


@app.command()
@prints(f"{_RESET} reset_at", empty="No challenge was reset.")
def resets(
    competition_id: CompetitionId, offset: Offset = 0, limit: Limit = 50
) -> builtins.list[ChallengeResetInfo]:
    """List the resets of a competition's challenges, newest first.

    Example: ctfy-admin admin submission resets COMPETITION_ID
    """
    submissions = session.admin().submissions
    return submissions.challenge_resets(competition_id, offset=offset, limit=limit)


@app.command("undo-reset")
@prints(_RESET)
def undo_reset(
    competition_id: CompetitionId,
    reset_id: Annotated[str, typer.Argument(help="As `submission resets` says")],
) -> ChallengeResetInfo:
    """Give back what a reset of a challenge took; what came since stays.

    Example: ctfy-admin admin submission undo-reset COMPETITION_ID RESET_ID
    """
    return session.admin().submissions.undo_reset(competition_id, reset_id)
