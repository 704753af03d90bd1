"""`ctfy me`: the caller's profile, inbox and account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.download import File, picture, save
from ctfy.cli.fields import Fields, answers
from ctfy.cli.output import Code, fail, out, print_table, prints, stdin_is_a_person
from ctfy.server.models.accounts import MeResponse
from ctfy.server.models.fields import AnsweredField
from ctfy.server.models.inbox import InboxResponse

app = typer.Typer(no_args_is_help=True)
_PROFILE = "id display_name email role country bio website_url timezone solves competition_teams"

_FIELDS = "name label kind required public options value given_at"


@app.command("show", hidden=True)
@app.command()
@prints(_PROFILE)
def view() -> MeResponse:
    """Show your profile.

    Example: ctfy me view
    """
    return session.client().me.get()


@app.command()
@prints(_PROFILE)
def edit(
    bio: Annotated[str | None, typer.Option()] = None,
    country: Annotated[str | None, typer.Option(help="ISO code, as NZ")] = None,
    website: Annotated[str | None, typer.Option()] = None,
    timezone: Annotated[str | None, typer.Option(help="As Pacific/Auckland")] = None,
    display_name: Annotated[str | None, typer.Option()] = None,
) -> MeResponse:
    """Change your profile; an empty text removes what was there.

    Example: ctfy me edit --country NZ --bio "Mostly pwn"
    """
    given: dict[str, Any] = {
        "bio": bio,
        "country": country,
        "website_url": website,
        "timezone": timezone,
        "display_name": display_name,
    }
    changes = {name: value or None for name, value in given.items() if value is not None}
    if not changes:
        fail("nothing to change", hint="see `ctfy me edit --help`", code=Code.USAGE)
    return session.client().me.update_profile(**changes)


@app.command()
@prints(people=lambda found: _show_inbox(found))
def inbox() -> InboxResponse:
    """Show what waits for you: announcements, invites, requests.

    Example: ctfy me inbox
    """
    return session.client().me.inbox()


def _show_inbox(found: InboxResponse) -> None:
    rows = [
        [a.severity, a.id, a.title + ("" if a.is_read else " (new)")] for a in found.announcements
    ]
    rows += [
        ["invite", i.id, f"{i.team_name}, {i.competition_title}"] for i in found.incoming_invites
    ]
    rows += [
        ["request", r.id, f"{r.requester_display_name} to {r.team_name}"]
        for r in found.captain_requests
    ]
    rows += [
        ["asked", r.id, f"{r.team_name}, {r.competition_title}"] for r in found.outgoing_requests
    ]
    rows += [
        ["competition", c.competition_id, c.competition_title] for c in found.competition_invites
    ]
    if rows:
        print_table(("what", "id", "from"), rows)
    else:
        out.print("Your inbox is empty.")


@app.command()
@prints(_FIELDS, empty="Nothing is asked here.")
def fields() -> list[AnsweredField]:
    """List what the platform asks of everybody, and your answers.

    Example: ctfy me fields
    """
    return session.client().me.fields()


@app.command()
@prints(_FIELDS)
def answer(field: Fields = None) -> list[AnsweredField]:
    """Change your answers; an empty value takes one away.

    Example: ctfy me answer --field university=Graz
    """
    return session.client().me.answer(answers(field))


@app.command()
@prints()
def avatar(
    file: Annotated[Path | None, typer.Argument(help="PNG, JPEG or WebP")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Have none")] = False,
) -> str:
    """Upload your picture, which is shown beside your name.

    Example: ctfy me avatar me.png
    """
    me = session.client().me
    if remove:
        me.remove_avatar()
        return "You have no picture any more."
    return f"Your picture is at {me.set_avatar(picture(file)).url}"


@app.command()
@prints()
def export(out: File = Path("ctfy-account.json")) -> str:
    """Save everything that the server keeps of you.

    Example: ctfy me export --out me.json
    """
    return save(out, "ctfy-account.json", session.client().me.export_account())


@app.command()
@prints()
def delete(
    confirm_display_name: Annotated[
        str, typer.Option(help="Your display name; asked for when left out")
    ] = "",
) -> str:
    """Delete your account, for good.

    Example: ctfy me delete
    """
    client = session.client()
    if not confirm_display_name:
        if not stdin_is_a_person():
            fail("nothing was deleted", hint="give --confirm-display-name", code=Code.USAGE)
        confirm_display_name = typer.prompt("This cannot be undone. Your display name", err=True)
    client.me.delete_account(confirm_display_name)
    return "The account is gone."
