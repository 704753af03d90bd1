"""`ctfy`, for players. Each command group is a file of its own."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from ctfy.cli import session
from ctfy.cli.output import Code, fail, out, prints
from ctfy.cli.player import (
    achievement,
    activity,
    auth,
    challenge,
    competition,
    config,
    events,
    instance,
    me,
    scoreboard,
    submission,
    team,
    writeup,
)
from ctfy.server.models.meta import HealthResponse

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(competition.app, name="competition", help="Find competitions and take part")
app.add_typer(challenge.app, name="challenge", help="Challenges: what there is, files, hints")
app.add_typer(instance.app, name="instance", help="Launch, look at, answer, stop")
app.add_typer(submission.app, name="submission", help="Answers and what became of them")
app.add_typer(team.app, name="team", help="Teams")
app.add_typer(writeup.app, name="writeup", help="How your team solved what it solved")
app.add_typer(scoreboard.app, name="scoreboard", help="Standings")
app.add_typer(achievement.app, name="achievement", help="Achievements")
app.add_typer(activity.app, name="activity", help="What happened")
app.add_typer(events.app, name="events", help="What happens, live")
app.add_typer(me.app, name="me", help="Your profile, inbox and account")
app.add_typer(auth.app, name="auth", help="Signing in, tokens, identities")
app.add_typer(config.app, name="config", help="What this command line is set to")
app.command("login")(auth.login)
app.command("logout")(auth.logout)


@app.callback()
def root(
    host: session.HostOption = "",
    _: Annotated[
        bool, typer.Option("--version", callback=session.show_version, is_eager=True)
    ] = False,
) -> None:
    """Play capture the flag on a ctfy server.

    Example: ctfy login && ctfy play

    Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not signed in, 4 not found, 5 refused.
    """
    session.choose(host)


def _say_health(health: HealthResponse) -> None:
    out.print(
        f"{session.server_url()}: {health.status}, version {health.version}, "
        f"{health.running_instances} of {health.capacity} instances running",
        soft_wrap=True,
    )


@app.command()
@prints(people=_say_health)
def status() -> HealthResponse:
    """Say whether the server answers, and which version it is.

    Example: ctfy --host http://127.0.0.1:8100 status
    """
    return session.anyone().health()


@app.command()
def play(
    competition_id: Annotated[str, typer.Argument(help="Default: the one you are in")] = "",
) -> None:
    """Play on a full-screen board: challenges, your instance, an answer box, live standings.

    Example: ctfy play
    """
    from ctfy.cli.player.play import Board

    session.client()  # says so when nobody is signed in
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        fail("the board needs a terminal", hint="ctfy challenge list", code=Code.USAGE)
    Board(session.server_url(), session.token(), competition_id).run()


@app.command()
def mcp() -> None:
    """Serve the tools for AI agents on standard input and output (Model Context Protocol).

    Example: CTFY_URL=https://ctf.example.org CTFY_TOKEN=pf_… ctfy mcp
    """
    from ctfy.mcp.stdio import serve

    token = session.token()
    if not token:
        session.client()  # says that nobody is signed in
    serve(session.server_url(), token)


def main() -> NoReturn:
    """Run `ctfy`."""
    session.run(app, "ctfy", extras={"mcp": "mcp"})
