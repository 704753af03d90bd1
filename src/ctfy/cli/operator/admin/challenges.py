"""`ctfy-admin admin challenges`."""

from __future__ import annotations

import builtins
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.operator.admin.progress import follow
from ctfy.cli.output import Code, fail, out, prints
from ctfy.server.models.tasks import AdminTaskInfo
from ctfy.server.models.versions import ChallengeDiff, ChallengeVersion

app = typer.Typer(no_args_is_help=True)
ChallengeId = Annotated[str, typer.Argument(help="One challenge; or use --all")]
All = Annotated[bool, typer.Option("--all", help="Every challenge")]
Competition = Annotated[str, typer.Option(help="Those of this competition")]
_TASK = "id kind status result finished_at_ts"
_STATE = "challenge_id aggregated nodes"


@app.command()
@prints(_TASK)
def rescan() -> AdminTaskInfo:
    """Read the challenges folder again, here and on every node.

    Example: ctfy-admin admin challenges rescan
    """
    return follow(session.admin().challenges.rescan())


@app.command()
@prints("severity path line problem fix rule", empty="Nothing is wrong.")
def audit(
    challenge_id: Annotated[str, typer.Argument(help="One challenge; left out: all")] = "",
) -> builtins.list[Any]:
    """List what is wrong with the server's challenges folder as it is now.

    Example: ctfy-admin admin challenges audit
    """
    return [*session.admin().challenges.audit(challenge_id)]


@app.command()
@prints("id version source versions changed_at", empty="No challenges.")
def stored() -> builtins.list[Any]:
    """List the challenges of the platform with their current versions.

    Example: ctfy-admin admin challenges stored
    """
    return [*session.admin().challenges.stored()]


@app.command()
@prints("version is_current origin created_at digest", empty="No versions.")
def versions(challenge_id: Annotated[str, typer.Argument()]) -> builtins.list[Any]:
    """List the versions of a challenge, newest first.

    Example: ctfy-admin admin challenges versions notes
    """
    return [*session.admin().challenges.versions(challenge_id)]


@app.command()
@prints(people=lambda found: _show_diff(found))
def diff(
    challenge_id: Annotated[str, typer.Argument()],
    version: Annotated[int, typer.Argument()],
    base: Annotated[int, typer.Option(help="Compare with this one; 0: the one before")] = 0,
) -> ChallengeDiff:
    """Show what a version has that another has not.

    Example: ctfy-admin admin challenges diff notes 3
    """
    return session.admin().challenges.diff(challenge_id, version, base)


def _show_diff(found: ChallengeDiff) -> None:
    if not found.files:
        out.print("Nothing differs.")
    for file in found.files:
        words = f"{file.change} {file.path}"
        out.print("\n".join(filter(None, (words, file.diff))), markup=False, highlight=False)


@app.command()
@prints("challenge_id version is_current digest")
def rollback(
    challenge_id: Annotated[str, typer.Argument()], version: Annotated[int, typer.Argument()]
) -> ChallengeVersion:
    """Make a version the current one. Running instances keep theirs.

    Example: ctfy-admin admin challenges rollback notes 2
    """
    return session.admin().challenges.rollback(challenge_id, version)


@app.command()
@prints()
def remove(challenge_id: Annotated[str, typer.Argument()]) -> str:
    """Take a pushed challenge off the platform; a rollback brings it back.

    Example: ctfy-admin admin challenges remove notes
    """
    session.admin().challenges.remove(challenge_id)
    return f"{challenge_id} is not on the platform any more."


@app.command("import")
@prints("id state version complete source findings", empty="It holds no challenge.")
def import_(
    source: Annotated[Path, typer.Argument(help="A folder, or a tar, tar.gz or zip")],
    format: Annotated[str, typer.Option(help="ctfcli, rctf, kctf or xbow; else found out")] = "",
    difficulty: Annotated[
        str, typer.Option(help="For those that name none: easy, medium or hard")
    ] = "medium",
    force: Annotated[
        bool, typer.Option("--force", help="Take theirs where a file was changed here, too")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Do it: else it is only said")] = False,
) -> builtins.list[Any]:
    """Bring challenges of another format to the platform; --json has what became of each field.

    Example: ctfy-admin admin challenges import old-ctf.zip --apply
    """
    from ctfy.challenge.archive import pack

    with tempfile.TemporaryFile() as file:
        if source.is_dir():
            pack(source, file)
        else:
            file.write(source.read_bytes())
        file.seek(0)
        challenges = session.admin().challenges
        found = challenges.import_(
            file, format=format, difficulty=difficulty, dry_run=not apply, force=force
        )
    return [*found.challenges]


@app.command()
@prints("id url branch folder commit challenges error", empty="No repositories.")
def sources() -> builtins.list[Any]:
    """List the git repositories whose commits become versions.

    Example: ctfy-admin admin challenges sources
    """
    return [*session.admin().challenges.sources()]


@app.command()
@prints(_TASK)
def add_source(
    url: Annotated[str, typer.Argument(help="https://, ssh:// or git://")],
    branch: Annotated[str, typer.Option()] = "main",
    folder: Annotated[str, typer.Option(help="Where in it the challenges lie")] = "",
) -> AdminTaskInfo:
    """Have the commits of a git repository become versions, and take in what it has now.

    Example: ctfy-admin admin challenges add-source https://git.example.org/ctf.git
    """
    challenges = session.admin().challenges
    return follow(
        challenges.pull_source(challenges.add_source(url, branch=branch, folder=folder).id)
    )


@app.command()
@prints(_TASK)
def pull_source(source_id: Annotated[str, typer.Argument()]) -> AdminTaskInfo:
    """Look at a git repository now, instead of within a minute.

    Example: ctfy-admin admin challenges pull-source SOURCE
    """
    return follow(session.admin().challenges.pull_source(source_id))


@app.command()
@prints()
def remove_source(source_id: Annotated[str, typer.Argument()]) -> str:
    """Look at a git repository no more; what came from it stays.

    Example: ctfy-admin admin challenges remove-source SOURCE
    """
    session.admin().challenges.remove_source(source_id)
    return "It is not looked at any more."


@app.command()
@prints(_TASK)
def build(
    challenge_id: ChallengeId = "", all_: All = False, competition: Competition = ""
) -> AdminTaskInfo:
    """Build a challenge's images on every node, and watch it.

    Example: ctfy-admin admin challenges build notes
    """
    challenges = session.admin().challenges
    if _one(challenge_id, all_, competition):
        return follow(challenges.build(challenge_id))
    return follow(challenges.build_all(competition_id=competition))


@app.command()
@prints(_TASK)
def pull(
    challenge_id: ChallengeId = "", all_: All = False, competition: Competition = ""
) -> AdminTaskInfo:
    """Pull a challenge's images on every node, and watch it.

    Example: ctfy-admin admin challenges pull --all
    """
    challenges = session.admin().challenges
    if _one(challenge_id, all_, competition):
        return follow(challenges.pull(challenge_id))
    return follow(challenges.pull_all(competition_id=competition))


def _one(challenge_id: str, all_: bool, competition: str) -> bool:
    """Whether one challenge is meant; exits when it is unclear."""
    if bool(challenge_id) == (all_ or bool(competition)):
        fail("which challenges?", hint="name one, or --all, or --competition", code=Code.USAGE)
    return bool(challenge_id)


@app.command()
@prints(_STATE, empty="No challenges.")
def build_state() -> builtins.list[Any]:
    """Say which node has built what.

    Example: ctfy-admin admin challenges build-state
    """
    return [*session.admin().challenges.build_state().rows]


@app.command()
@prints(_STATE, empty="No challenges.")
def pull_state() -> builtins.list[Any]:
    """Say which node has pulled what.

    Example: ctfy-admin admin challenges pull-state
    """
    return [*session.admin().challenges.pull_state().rows]


@app.command()
@prints("user_display_name reaction created_at", empty="Nobody said anything.")
def feedback(
    challenge_id: Annotated[str, typer.Argument()], competition: Competition = ""
) -> builtins.list[Any]:
    """List what people said of a challenge.

    Example: ctfy-admin admin challenges feedback notes
    """
    return [*session.admin().challenges.feedback(challenge_id, competition_id=competition)]
