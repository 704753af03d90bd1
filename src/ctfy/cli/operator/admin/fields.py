"""`ctfy-admin admin fields`."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.fields import Fields, answers
from ctfy.cli.operator.admin.competition import Yes, confirm
from ctfy.cli.output import Code, fail, prints
from ctfy.cli.paging import Limit, Offset
from ctfy.cli.people import Person, user_id
from ctfy.server.models.fields import AnsweredField, CompetitionPerson, CustomFieldAdminInfo

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="As `list` says it")]
Competition = Annotated[str, typer.Option(help="A competition's id; else the platform's")]
Label = Annotated[str | None, typer.Option(help="What people read")]
Description = Annotated[str | None, typer.Option(help="What people read below it")]
Required = Annotated[bool | None, typer.Option("--required/--optional")]
Public = Annotated[
    bool | None, typer.Option("--public/--private", help="Shown beside their name, or not")
]
Option = Annotated[
    list[str] | None, typer.Option(help="Of a choice; it can be given several times")
]
Minimum = Annotated[float | None, typer.Option(help="Of a number; of a text, its length")]
Maximum = Annotated[float | None, typer.Option(help="Of a number; of a text, its length")]
Position = Annotated[int | None, typer.Option(help="The lower, the earlier")]
_COLUMNS = "name label kind required public options minimum maximum position answers id"
_ANSWERS = "name label kind value given_at"


@app.command("list")
@prints(_COLUMNS, empty="Nothing is asked.")
def list_(competition: Competition = "") -> builtins.list[CustomFieldAdminInfo]:
    """List what is asked of people at registration.

    Example: ctfy-admin admin fields list --competition COMPETITION_ID
    """
    return session.admin().fields.list(competition)


@app.command()
@prints(_COLUMNS)
def create(
    name: Annotated[str, typer.Argument(help="What programs call it, as t_shirt")],
    label: Annotated[str, typer.Option(help="What people read")],
    kind: Annotated[str, typer.Option(help="text, choice, number or consent")] = "text",
    competition: Competition = "",
    description: Description = None,
    required: Required = None,
    public: Public = None,
    option: Option = None,
    minimum: Minimum = None,
    maximum: Maximum = None,
    position: Position = None,
) -> CustomFieldAdminInfo:
    """Ask something more. Of everybody: super admins only.

    Example: ctfy-admin admin fields create t_shirt --label T-shirt --kind choice --option S
    --option M --competition COMPETITION_ID
    """
    more = _given(
        description=description,
        required=required,
        public=public,
        options=option,
        minimum=minimum,
        maximum=maximum,
        position=position,
    )
    return session.admin().fields.create(name, label, kind=kind, competition_id=competition, **more)


@app.command()
@prints(_COLUMNS)
def update(
    name: Name,
    competition: Competition = "",
    label: Label = None,
    description: Description = None,
    required: Required = None,
    public: Public = None,
    option: Option = None,
    minimum: Minimum = None,
    maximum: Maximum = None,
    position: Position = None,
) -> CustomFieldAdminInfo:
    """Change what is asked; what is left out stays, and so do answers.

    Example: ctfy-admin admin fields update t_shirt --required --competition COMPETITION_ID
    """
    changes = _given(
        label=label,
        description=description,
        required=required,
        public=public,
        options=option,
        minimum=minimum,
        maximum=maximum,
        position=position,
    )
    if not changes:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    field = _named(name, competition)
    return session.admin().fields.update(field.id, competition_id=competition, **changes)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _named(name: str, competition: str) -> CustomFieldAdminInfo:
    fields = session.admin().fields.list(competition)
    found = next((field for field in fields if name in (field.name, field.id)), None)
    if found is None:
        hint = "ctfy-admin admin fields list"
        fail(f"there is no field {name}", hint=hint, code=Code.NOT_FOUND)
    return found


@app.command()
@prints()
def delete(name: Name, competition: Competition = "", yes: Yes = False) -> str:
    """Ask it no longer; answers that were given go with it.

    Example: ctfy-admin admin fields delete t_shirt --competition COMPETITION_ID --yes
    """
    field = _named(name, competition)
    confirm(f"Delete {field.name} with its {field.answers} answers for good?", yes)
    session.admin().fields.delete(field.id, competition_id=competition, force=True)
    return f"Deleted, with {field.answers} answers."


@app.command()
@prints("display_name email team_name is_captain fields user_id", empty="Nobody yet.")
def people(
    competition_id: Annotated[str, typer.Argument(help="A competition's id")],
    offset: Offset = 0,
    limit: Limit = 50,
) -> builtins.list[CompetitionPerson]:
    """List everybody on a team of a competition, with their answers.

    Example: ctfy-admin admin fields people COMPETITION_ID --json
    """
    return session.admin().fields.people(competition_id, offset, limit)


@app.command("answers")
@prints(_ANSWERS, empty="Nothing is asked.")
def answers_(person: Person, competition: Competition = "") -> builtins.list[AnsweredField]:
    """Show what somebody answered.

    Example: ctfy-admin admin fields answers ada@example.org
    """
    return session.admin().fields.answers(user_id(person), competition_id=competition)


@app.command()
@prints(_ANSWERS)
def correct(
    person: Person, field: Fields = None, competition: Competition = ""
) -> builtins.list[AnsweredField]:
    """Change what somebody answered; an empty value takes an answer away.

    Example: ctfy-admin admin fields correct ada@example.org --field university=Graz
    """
    given = answers(field)
    if not given:
        fail("nothing to change", hint="--field NAME=VALUE", code=Code.USAGE)
    return session.admin().fields.correct(user_id(person), given, competition_id=competition)
