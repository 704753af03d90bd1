"""`ctfy-admin admin competition`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from ctfy.cli import people, session
from ctfy.cli.download import File, save
from ctfy.cli.operator import times
from ctfy.cli.operator.times import When
from ctfy.cli.output import Code, fail, prints, stdin_is_a_person
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.competitions import (
    CompetitionAdminInfo,
    CompetitionChallengeInfo,
    CompetitionCreate,
    CompetitionImportResult,
    CompetitionInfo,
    CompetitionInviteInfo,
    CompetitionRegistrationInfo,
)

app = typer.Typer(no_args_is_help=True)
CompetitionId = Annotated[str, typer.Argument(help="A competition's id")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]
Status = Annotated[str | None, typer.Option(help="draft, published or archived")]
_COLUMNS = "id title status access phase starts_at ends_at registered_count"


@app.command("list")
@prints(_COLUMNS, empty="No competitions yet: ctfy-admin admin competition create.")
def list_(offset: Offset = 0, limit: Limit = 1000) -> builtins.list[CompetitionInfo]:
    """List every competition, drafts too.

    Example: ctfy-admin admin competition list
    """
    return session.admin().competitions.list(offset=offset, limit=limit)


@app.command()
@prints(_COLUMNS)
def create(
    title: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option(help="Markdown")] = None,
    starts_at: When = None,
    ends_at: When = None,
    challenge_id: Annotated[
        list[str] | None, typer.Option(help="In this order; repeatable")
    ] = None,
    status: Status = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="YAML or JSON with any of its fields; options go first"),
    ] = None,
) -> CompetitionInfo:
    """Make a competition, from options or from a file.

    Example: ctfy-admin admin competition create --file finals.yaml --status published
    """
    given: dict[str, Any] = {
        "title": title,
        "description": description,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "challenge_ids": challenge_id,
        "status": status,
    }
    fields = _read(file) | {name: value for name, value in given.items() if value is not None}
    if not fields.get("title"):
        fail("no title", hint="give --title, or `title` in --file", code=Code.USAGE)
    try:
        checked = CompetitionCreate.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        fail(f"{field}: {first['msg']}", hint="see the API reference", code=Code.USAGE)
    return session.admin().competitions.create(
        **{
            name: times.in_utc(value)
            for name, value in checked.model_dump(exclude_unset=True).items()
        }
    )


def _read(file: Path | None) -> dict[str, Any]:
    """A competition's fields from a file."""
    if file is None:
        return {}
    from ctfy.challenge.documents import DocumentRefused, parse

    try:
        fields = parse(file.read_bytes()).content
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except DocumentRefused as error:
        fail(f"{file} is neither YAML nor JSON: {error}", hint=error.fix, code=Code.USAGE)
    if not isinstance(fields, dict):
        fail(f"{file} holds no fields", hint="as `title: Finals`", code=Code.USAGE)
    known = CompetitionCreate.model_fields
    if unknown := [name for name in fields if name not in known]:
        hint = f"there are: {', '.join(known)}"
        fail(f"{file}: no field {unknown[0]}", hint=hint, code=Code.USAGE)
    return fields


@app.command()
@prints(_COLUMNS)
def update(
    competition_id: CompetitionId,
    title: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option()] = None,
    starts_at: When = None,
    ends_at: When = None,
    status: Status = None,
    challenge_id: Annotated[
        list[str] | None, typer.Option(help="The new list, in this order; repeatable")
    ] = None,
    freezes_at: When = None,
    writeups_until: When = None,
    rules: Annotated[str | None, typer.Option(help="Markdown")] = None,
    prizes: Annotated[str | None, typer.Option(help="Markdown")] = None,
    scoreboard_visibility: Annotated[
        str | None, typer.Option(help="Who sees the standings: public, players or hidden")
    ] = None,
    practice: Annotated[
        bool | None,
        typer.Option(
            "--practice/--no-practice", help="Whether it can be played after its end, unranked"
        ),
    ] = None,
) -> CompetitionInfo:
    """Change a competition; what is left out stays.

    Example: ctfy-admin admin competition update COMPETITION_ID --status published
    """
    given: dict[str, Any] = {
        "title": title,
        "description": description,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "status": status,
        "challenge_ids": challenge_id,
        "freezes_at": freezes_at,
        "writeups_until": writeups_until,
        "rules": rules,
        "prizes": prizes,
        "scoreboard_visibility": scoreboard_visibility,
        "practice": practice,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    return session.admin().competitions.update(competition_id, **changes)


@app.command()
@prints()
def delete(
    competition_id: CompetitionId,
    yes: Yes = False,
    force: Annotated[bool, typer.Option("--force", help="Also with solves in it")] = False,
) -> str:
    """Delete a competition, with its teams; one with solves only with --force.

    Example: ctfy-admin admin competition delete COMPETITION_ID --yes
    """
    confirm(f"Delete competition {competition_id} for good?", yes)
    session.admin().competitions.delete(competition_id, force=force)
    return "Deleted."


def confirm(question: str, yes: bool) -> None:
    """Ask before what cannot be undone; where nobody can answer, --yes is needed."""
    if yes:
        return
    if not stdin_is_a_person():
        fail("nothing was done", hint="give --yes", code=Code.USAGE)
    typer.confirm(question, abort=True, err=True)


_RULES = "challenge_id state release_at value max_attempts lifetime_s ends_when_solved solves"


@app.command()
@prints(_RULES, empty="No challenges yet: ctfy-admin admin competition update --challenge-id.")
def challenges(
    competition_id: CompetitionId, offset: Offset = 0, limit: Limit = 1000
) -> builtins.list[CompetitionChallengeInfo]:
    """List a competition's challenges with their states and rules there.

    Example: ctfy-admin admin competition challenges COMPETITION_ID
    """
    return session.admin().competitions.challenges(competition_id, offset=offset, limit=limit)


@app.command()
@prints(_RULES)
def challenge(
    competition_id: CompetitionId,
    challenge_id: Annotated[str, typer.Argument(help="A challenge that is in it")],
    state: Annotated[str | None, typer.Option(help="draft, visible or hidden")] = None,
    release_at: When = None,
    value: Annotated[int | None, typer.Option(help="Points, of the first solver")] = None,
    minimum: Annotated[int | None, typer.Option(help="The least that a value falls to")] = None,
    decay: Annotated[int | None, typer.Option(help="After so many solves more")] = None,
    step: Annotated[int | None, typer.Option(help="Or by so much with each solve")] = None,
    max_attempts: Annotated[
        int | None, typer.Option(help="Wrong answers that a team has, for each question")
    ] = None,
    lifetime: Annotated[int | None, typer.Option(help="Of an instance, seconds")] = None,
    ends_when_solved: Annotated[
        bool | None,
        typer.Option(
            "--ends-when-solved/--lives-on", help="Whether its instances end with the solve"
        ),
    ] = None,
    reset: Annotated[
        list[str] | None,
        typer.Option(help="value, max_attempts, lifetime_s or release_at: its own again"),
    ] = None,
) -> CompetitionChallengeInfo:
    """Show, hide or release a challenge in a competition, or give it rules of its own there.

    Example: ctfy-admin admin competition challenge COMPETITION_ID notes --value 250
    """
    falls = {"minimum": minimum, "decay": decay, "step": step}
    falls = {name: points for name, points in falls.items() if points is not None}
    if falls and (value is None or minimum is None):
        fail("no value that falls", hint="give --value and --minimum, too", code=Code.USAGE)
    given: dict[str, Any] = {
        "state": state,
        "release_at": release_at,
        "value": {"initial": value, **falls} if falls else value,
        "max_attempts": max_attempts,
        "lifetime_s": lifetime,
        "ends_when_solved": ends_when_solved,
    }
    changes: dict[str, Any] = dict.fromkeys(reset or ())
    changes |= {name: each for name, each in given.items() if each is not None}
    if not changes:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    return session.admin().competitions.set_challenge(competition_id, challenge_id, **changes)


@app.command()
@prints(_RULES)
def order(
    competition_id: CompetitionId,
    challenge_id: Annotated[list[str], typer.Argument(help="First to last; the others follow")],
) -> builtins.list[CompetitionChallengeInfo]:
    """Put a competition's challenges in another order, in which players see them, too.

    Example: ctfy-admin admin competition order COMPETITION_ID two-time notes
    """
    competitions = session.admin().competitions
    there = [row.challenge_id for row in competitions.challenges(competition_id, limit=10_000)]
    others = [id_ for id_ in there if id_ not in challenge_id]
    competitions.order_challenges(competition_id, [*challenge_id, *others])
    return competitions.challenges(competition_id, limit=10_000)


@app.command()
@prints("team_id team_name bracket standing members solved registered_at", empty="No team yet.")
def registrations(
    competition_id: CompetitionId, offset: Offset = 0, limit: Limit = 1000
) -> builtins.list[CompetitionRegistrationInfo]:
    """List the teams of a competition.

    Example: ctfy-admin admin competition registrations COMPETITION_ID
    """
    competitions = session.admin().competitions
    return competitions.registrations(competition_id, offset=offset, limit=limit)


@app.command()
@prints(_COLUMNS)
def clone(
    competition_id: CompetitionId, title: Annotated[str, typer.Option(help="The copy's title")]
) -> CompetitionInfo:
    """Copy a competition's settings and challenges, as a draft.

    Example: ctfy-admin admin competition clone COMPETITION_ID --title "Finals 2027"
    """
    return session.admin().competitions.clone(competition_id, title=title)


_CLOCK = "id title phase paused_at ends_at freezes_at"


@app.command()
@prints(_CLOCK)
def pause(competition_id: CompetitionId) -> CompetitionInfo:
    """Stop a competition's clock: nothing starts and no answer is taken; instances stay.

    Example: ctfy-admin admin competition pause COMPETITION_ID
    """
    return session.admin().competitions.pause(competition_id)


@app.command()
@prints(_CLOCK)
def resume(competition_id: CompetitionId) -> CompetitionInfo:
    """Let a competition's clock go on; what was to come is put off by the pause.

    Example: ctfy-admin admin competition resume COMPETITION_ID
    """
    return session.admin().competitions.resume(competition_id)


@app.command()
@prints(_CLOCK)
def extend(
    competition_id: CompetitionId,
    minutes: Annotated[int, typer.Option(min=1, help="By how much the end is put off")],
) -> CompetitionInfo:
    """Put a competition's end off, with a freeze and a write-up deadline to come.

    Example: ctfy-admin admin competition extend COMPETITION_ID --minutes 15
    """
    return session.admin().competitions.extend(competition_id, minutes=minutes)


@app.command()
@prints()
def export(competition_id: CompetitionId, out: File = Path()) -> str:
    """Save a whole competition as one file: settings, teams, solves.

    Example: ctfy-admin admin competition export COMPETITION_ID --out finals.json
    """
    return save(out, f"{competition_id}.json", session.admin().competitions.export(competition_id))


@app.command()
@prints()
def table(
    competition_id: CompetitionId,
    name: Annotated[str, typer.Argument(help="standings, submissions or people")],
    out: File = Path(),
    format: Annotated[str, typer.Option(help="csv or xlsx")] = "csv",
) -> str:
    """Save a competition's standings, submissions or people for a spreadsheet.

    Example: ctfy-admin admin competition table COMPETITION_ID standings --format xlsx
    """
    if name not in ("standings", "submissions", "people"):
        fail(f"no table {name}", hint="standings, submissions or people", code=Code.USAGE)
    if format not in ("csv", "xlsx"):
        fail(f"no format {format}", hint="csv or xlsx", code=Code.USAGE)
    content = session.admin().competitions.table(competition_id, name, format=format)
    return save(out, f"{name}-{competition_id}.{format}", content)


@app.command("import")
@prints("competition_id title counts users_matched users_created")
def import_(
    file: Annotated[Path, typer.Argument(help="What `export` saved")],
) -> CompetitionImportResult:
    """Bring an exported competition in.

    Example: ctfy-admin admin competition import finals.json
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    return session.admin().competitions.import_(content)


@app.command()
@prints("user_id display_name email granted_at", empty="Only the platform's administrators.")
def admins(
    competition_id: CompetitionId,
    grant: Annotated[str, typer.Option(help="Add this person, by e-mail or id")] = "",
    revoke: Annotated[str, typer.Option(help="Remove this person, by e-mail or id")] = "",
) -> builtins.list[CompetitionAdminInfo]:
    """List a competition's own administrators, or change who they are.

    Example: ctfy-admin admin competition admins COMPETITION_ID --grant ada@example.org
    """
    found = session.admin().competition_admins
    if grant:
        found.grant(competition_id, **people.named(grant))
    if revoke:
        found.revoke(competition_id, people.user_id(revoke))
    return found.list(competition_id)


@app.command()
@prints("user_id display_name email invited_at", empty="Nobody is invited.")
def invited(
    competition_id: CompetitionId,
    add: Annotated[str, typer.Option(help="Invite this person, by e-mail or id")] = "",
    remove: Annotated[str, typer.Option(help="Uninvite this person, by e-mail or id")] = "",
) -> builtins.list[CompetitionInviteInfo]:
    """List who may take part in a private competition, or change it.

    Example: ctfy-admin admin competition invited COMPETITION_ID --add ada@example.org
    """
    found = session.admin().competition_invites
    if add:
        found.invite(competition_id, **people.named(add))
    if remove:
        found.revoke(competition_id, remove)
    return found.list(competition_id)
