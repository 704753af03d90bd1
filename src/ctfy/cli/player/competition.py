"""`ctfy competition`: finding competitions, taking part, and the caller's team in one."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from ctfy.cli import session
from ctfy.cli.download import File, picture, save
from ctfy.cli.fields import Fields, answers
from ctfy.cli.output import moment, out, print_markdown, print_table, prints
from ctfy.cli.people import Member
from ctfy.sdk import runs
from ctfy.server.models.challenges import ChallengeInfo
from ctfy.server.models.competitions import CompetitionDetail, CompetitionInfo
from ctfy.server.models.fields import AnsweredField
from ctfy.server.models.teams import TeamDetail, TeamInviteInfo

app = typer.Typer(no_args_is_help=True)

CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
_TEAM = "id name captain_display_name member_count solves"
_FIELDS = "name label kind required public options value given_at"
_INVITE = "id code max_uses use_count expires_at active"


@app.command("list")
@prints("id title phase starts_at ends_at registered_count my_rank", empty="No competitions yet.")
def list_(
    phase: Annotated[str | None, typer.Option(help="Only these: upcoming, running or past")] = None,
) -> builtins.list[CompetitionInfo]:
    """List the competitions that you may see.

    Example: ctfy competition list --phase running
    """
    return session.anyone().competitions.list(phase=phase or "", limit=1000)


@app.command()
@prints(people=lambda found: _describe(found))
def view(
    competition_id: CompetitionId,
    web: Annotated[bool, typer.Option("--web", help="Open its page")] = False,
) -> CompetitionDetail | None:
    """Show one competition with its challenges.

    Example: ctfy competition view COMPETITION_ID
    """
    if web:
        session.open_page(f"/competitions/{competition_id}")
        return None
    return session.anyone().competitions.get(competition_id)


def _describe(found: CompetitionDetail) -> None:
    out.print(f"[bold]{found.title}[/]  {found.phase}, {found.registered_count} teams")
    window = f"{moment(found.starts_at)} to {moment(found.ends_at)}"
    out.print(window.replace("- to -", "always open"))
    if found.paused_at:
        out.print(f"Paused since {moment(found.paused_at)}: nothing starts, no answer is taken")
    if found.is_registered:
        ranked, scored = found.my_rank > 0, found.my_points != -1
        place = f"rank {found.my_rank}, " if ranked else ""
        place = f"{place}{found.my_points} points" if ranked or scored else "unranked"
        out.print(f"Your team: {found.my_team_name} ({found.my_role}), {place}")
    print_markdown(found.description)
    for heading, text in (("Rules", found.rules), ("Prizes", found.prizes)):
        if text:
            out.print(f"[bold]{heading}[/]")
            print_markdown(text)
    headings = ("id", "name", "category", "difficulty", "value", "solves", "solved")
    print_table(headings, [_row(c) for c in found.challenges])


def _row(c: ChallengeInfo) -> list[str]:
    counts = [str(c.value), str(c.solves_count), "yes" if c.solved else ""]
    return [c.id, c.name, c.category, c.difficulty, *counts]


@app.command()
@prints(_TEAM)
def register(
    competition_id: CompetitionId,
    mode: Annotated[
        Literal["solo", "create"], typer.Option(help="Alone, or with a new team")
    ] = "solo",
    name: Annotated[str, typer.Option(help="The new team's name")] = "",
    description: Annotated[str, typer.Option(help="What others read of it")] = "",
    bracket: Annotated[str, typer.Option(help="One of the competition's brackets")] = "",
    field: Fields = None,
) -> TeamDetail:
    """Take part.

    Example: ctfy competition register COMPETITION_ID --mode create --name "Night Shift"
    """
    competition = session.client().competition(competition_id)
    return competition.register(
        mode, name=name, description=description, bracket=bracket, fields=answers(field)
    )


@app.command()
@prints(_FIELDS, empty="It asks nothing.")
def fields(competition_id: CompetitionId) -> builtins.list[AnsweredField]:
    """List what a competition asks of those who register, and your answers.

    Example: ctfy competition fields COMPETITION_ID
    """
    return session.client().competition(competition_id).fields()


@app.command()
@prints(_FIELDS)
def answer(competition_id: CompetitionId, field: Fields = None) -> builtins.list[AnsweredField]:
    """Change your answers to what a competition asks; an empty value takes one away.

    Example: ctfy competition answer COMPETITION_ID --field t_shirt=M
    """
    return session.client().competition(competition_id).answer(answers(field))


@app.command()
@prints(_TEAM)
def redeem(
    competition_id: CompetitionId,
    code: Annotated[str, typer.Argument(help="A team's code")],
    field: Fields = None,
) -> TeamDetail:
    """Join a team by its code.

    Example: ctfy competition redeem COMPETITION_ID CODE
    """
    return (
        session.client()
        .competition(competition_id)
        .register("join", code=code, fields=answers(field))
    )


@app.command()
@prints("id name logo_url")
def logo(
    competition_id: CompetitionId,
    file: Annotated[Path | None, typer.Argument(help="PNG, JPEG or WebP")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Have none")] = False,
) -> TeamDetail:
    """Give your team a logo, as its captain.

    Example: ctfy competition logo COMPETITION_ID logo.png
    """
    team = session.client().competition(competition_id).team
    if remove:
        return team.remove_logo()
    return team.set_logo(picture(file))


@app.command()
@prints()
def leave(competition_id: CompetitionId) -> str:
    """Leave your team.

    Example: ctfy competition leave COMPETITION_ID
    """
    session.client().competition(competition_id).team.leave()
    return "You left the team."


@app.command()
@prints(_TEAM)
def rename(
    competition_id: CompetitionId,
    name: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option()] = None,
) -> TeamDetail:
    """Rename your team, as its captain.

    Example: ctfy competition rename COMPETITION_ID --name "Day Shift"
    """
    team = session.client().competition(competition_id).team
    return team.rename(name=name, description=description)


@app.command()
@prints()
def kick(competition_id: CompetitionId, member: Member) -> str:
    """Take a member off your team, as its captain.

    Example: ctfy competition kick COMPETITION_ID eve@example.org
    """
    session.client().competition(competition_id).team.kick(member)
    return "They are off the team."


@app.command()
@prints(_TEAM)
def hand_over(competition_id: CompetitionId, member: Member) -> TeamDetail:
    """Make another member the captain.

    Example: ctfy competition hand-over COMPETITION_ID ada@example.org
    """
    return session.client().competition(competition_id).team.hand_over(member)


@app.command()
@prints(_INVITE)
def invite(
    competition_id: CompetitionId,
    ttl_seconds: Annotated[
        int, typer.Option(min=0, max=2_592_000, help="0: until revoked")
    ] = 86_400,
    max_uses: Annotated[int, typer.Option(min=0, max=100, help="0: any number")] = 1,
    email: Annotated[str, typer.Option(help="Invite this person instead of making a code")] = "",
) -> TeamInviteInfo:
    """Make a code by which others join your team, or invite a person.

    Example: ctfy competition invite COMPETITION_ID --max-uses 3
    """
    invites = session.client().competition(competition_id).team.invites
    if email:
        return invites.send(email)
    return invites.create(max_uses=max_uses, ttl_seconds=ttl_seconds)


@app.command()
@prints(_INVITE, empty="No invites.")
def invites(competition_id: CompetitionId) -> builtins.list[TeamInviteInfo]:
    """List your team's invites.

    Example: ctfy competition invites COMPETITION_ID
    """
    return session.client().competition(competition_id).team.invites.list(limit=1000)


@app.command()
@prints()
def invite_revoke(
    competition_id: CompetitionId, invite_id: Annotated[str, typer.Argument()]
) -> str:
    """End an invite.

    Example: ctfy competition invite-revoke COMPETITION_ID INVITE_ID
    """
    session.client().competition(competition_id).team.invites.revoke(invite_id)
    return "Revoked."


@app.command()
@prints()
def export_run(
    competition_id: CompetitionId,
    out: File = Path(),
    traffic: Annotated[bool, typer.Option(help="With an HTTP Archive of each instance")] = True,
) -> str:
    """Save what your team did as one file: challenges, attempts, times, traffic.

    Example: ctfy competition export-run COMPETITION_ID --out run.json
    """
    run = runs.export_run(session.client(), competition_id, traffic=traffic)
    return save(out, f"run-{competition_id}.json", json.dumps(run, indent=1).encode())
