"""`ctfy challenge`: what there is to solve."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.download import Folder, save_all
from ctfy.cli.output import out, print_markdown, print_table, prints
from ctfy.cli.paging import Limit, Offset
from ctfy.cli.player.grades import say_grade
from ctfy.server.models.challenges import (
    AttachmentInfo,
    ChallengeInfo,
    HintInfo,
    MyReactionsResponse,
    QaChallengeView,
    QuestionPublicInfo,
)
from ctfy.server.models.submissions import SubmissionResponse

app = typer.Typer(no_args_is_help=True)
ChallengeId = Annotated[str, typer.Argument(help="A challenge's id")]
Competition = Annotated[str, typer.Option(help="Of this competition")]
CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]


@app.command("ls", hidden=True)
@app.command("list")
@prints("id name category difficulty value solves_count solved tags", empty="No challenges match.")
def list_(
    difficulty: Annotated[str | None, typer.Option(help="Only these, as easy")] = None,
    tag: Annotated[str, typer.Option(help="Only these")] = "",
    q: Annotated[str, typer.Option("--q", help="With these words")] = "",
    competition: Competition = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[ChallengeInfo]:
    """List challenges.

    Example: ctfy challenge list --difficulty easy --q notes
    """
    client = session.client()
    if competition:
        found = client.competition(competition)
        return found.challenges(difficulty, tag, q, offset, limit)
    return client.challenges.list(difficulty, tag, q=q, offset=offset, limit=limit)


@app.command("show", hidden=True)
@app.command()
@prints(people=lambda found: _describe(found))
def view(
    challenge_id: ChallengeId,
    web: Annotated[bool, typer.Option("--web", help="Open its page")] = False,
) -> ChallengeInfo | None:
    """Show one challenge: what it asks, its files.

    Example: ctfy challenge view notes
    """
    if web:
        session.open_page(f"/challenges/{challenge_id}")
        return None
    return session.client().challenges.get(challenge_id)


def _describe(found: ChallengeInfo) -> None:
    out.print(
        f"[bold]{found.name}[/]  {found.category}, {found.difficulty}, "
        f"{found.solves_count} solves{', solved' if found.solved else ''}"
    )
    print_markdown(found.description)
    rows = [
        [q.id, _asked(q), q.mode or "", ", ".join(q.choices or []), ", ".join(q.requires)]
        for q in found.questions
    ]
    print_table(
        ("question", "prompt", "mode", "choices", "requires"), rows, wrapped=("prompt", "choices")
    )
    for file in found.attachments:
        out.print(f"file: {file.name}, {file.size} bytes", markup=False)
    if found.hints:
        out.print(f"{found.hints} hints: ctfy challenge hints COMPETITION_ID {found.id}")


def _asked(question: QuestionPublicInfo) -> str:
    """The prompt, and what an answer has to be."""
    return f"{question.prompt} {question.input.note if question.input else ''}".rstrip()


@app.command()
@prints("name size", empty="No files.")
def attachments(challenge_id: ChallengeId) -> builtins.list[AttachmentInfo]:
    """List a challenge's files.

    Example: ctfy challenge attachments last-page
    """
    return session.client().challenges.attachments(challenge_id).files


@app.command()
@prints()
def download(
    challenge_id: ChallengeId,
    filename: Annotated[str, typer.Argument(help="Default: every file")] = "",
    out: Folder = Path(),
) -> str:
    """Save a challenge's files.

    Example: ctfy challenge download last-page --out files
    """
    challenges = session.client().challenges
    names = [filename] if filename else [f.name for f in challenges.attachments(challenge_id).files]
    return save_all(out, {n: challenges.download_attachment(challenge_id, n) for n in names})


@app.command()
@prints("id cost unlocked text", empty="No hints.")
def hints(competition_id: CompetitionId, challenge_id: ChallengeId) -> builtins.list[HintInfo]:
    """List a challenge's hints, what they cost, and the text of those that you took.

    Example: ctfy challenge hints COMPETITION_ID notes
    """
    return session.client().competition(competition_id).hints(challenge_id)


@app.command()
@prints("id cost text")
def hint(
    competition_id: CompetitionId,
    challenge_id: ChallengeId,
    hint_id: Annotated[str, typer.Argument()],
) -> HintInfo:
    """Take a hint, for what it costs.

    Example: ctfy challenge hint COMPETITION_ID notes HINT_ID
    """
    return session.client().competition(competition_id).unlock_hint(challenge_id, hint_id)


@app.command()
@prints("reactions updated_at")
def react(
    challenge_id: ChallengeId,
    reaction: Annotated[str, typer.Argument(help="As learned, guessy, infra_broken")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it back")] = False,
) -> MyReactionsResponse:
    """Tell the authors what you thought of a challenge.

    Example: ctfy challenge react notes learned
    """
    challenges = session.client().challenges
    if remove:
        challenges.remove_reaction(challenge_id, reaction)
        return challenges.my_reactions(challenge_id)
    return challenges.add_reaction(challenge_id, reaction)


@app.command()
@prints(
    "id name difficulty questions solved_question_ids", empty="None here goes without instance."
)
def qa(competition_id: CompetitionId) -> builtins.list[QaChallengeView]:
    """List the challenges that are answered without an instance.

    Example: ctfy challenge qa COMPETITION_ID
    """
    return session.client().submissions.list_qa_challenges(competition_id)


@app.command()
@prints(people=say_grade)
def answer(
    challenge_id: ChallengeId,
    answer: Annotated[
        list[str],
        typer.Argument(help="Several where several are right; or first a question's id"),
    ],
    question_id: Annotated[
        str, typer.Option("--question-id", "-q", help="Which question; the open one by default")
    ] = "",
    competition: Annotated[
        str, typer.Option(help="For this competition; needed when you are in several")
    ] = "",
) -> SubmissionResponse:
    """Answer a challenge that has no instance; a wrong answer exits with 1.

    Example: ctfy challenge answer field-notes 1971 -q year
    """
    client = session.client()
    question, given = _which(client.challenges.get(challenge_id), question_id, answer)
    return client.submissions.submit_qa(
        challenge_id,
        competition,
        given[0] if len(given) == 1 else given,
        question_id=question,
    )


def _which(
    challenge: ChallengeInfo, question_id: str, given: builtins.list[str]
) -> tuple[str, builtins.list[str]]:
    """The question that is named, if one is, and what it is answered with."""
    questions = [question.id for question in challenge.questions]
    if question_id:
        return question_id, given
    if len(given) > 1 and given[0] in questions:
        return given[0], given[1:]
    return "", given
