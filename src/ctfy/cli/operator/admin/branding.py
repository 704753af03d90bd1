"""`ctfy-admin admin branding`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ctfy.cli import session
from ctfy.cli.download import read_file
from ctfy.cli.output import Code, fail, prints
from ctfy.server.models.site import Branding, ImageInfo

app = typer.Typer(no_args_is_help=True)
Purpose = Annotated[Literal["logo", "favicon"], typer.Argument()]
_COLUMNS = "event_name accent_color landing_text footer_text"


@app.command()
@prints(_COLUMNS)
def view() -> Branding:
    """Show how the platform looks.

    Example: ctfy-admin admin branding view
    """
    return session.anyone().site.branding()


@app.command()
@prints(_COLUMNS)
def update(
    event_name: Annotated[str | None, typer.Option(help="What the platform is called")] = None,
    accent_color: Annotated[str | None, typer.Option(help="As #087050; empty: the default")] = None,
    landing_text: Annotated[str | None, typer.Option(help="Markdown, for visitors")] = None,
    footer_text: Annotated[str | None, typer.Option(help="Markdown, below every page")] = None,
) -> Branding:
    """Change how the platform looks; what is left out stays. Super admins only.

    Example: ctfy-admin admin branding update --event-name "Winter Cup"
    """
    given: dict[str, Any] = {
        "event_name": event_name,
        "accent_color": accent_color,
        "landing_text": landing_text,
        "footer_text": footer_text,
    }
    changes = {name: value or None for name, value in given.items() if value is not None}
    if not changes:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    return session.admin().branding.update(**changes)


@app.command()
@prints("url width height")
def set_image(purpose: Purpose, file: Annotated[Path, typer.Argument()]) -> ImageInfo:
    """Make a PNG, JPEG or WebP the logo or the favicon. Super admins only.

    Example: ctfy-admin admin branding set-image logo logo.png
    """
    return session.admin().branding.set_image(purpose, read_file(file))


@app.command()
@prints()
def remove_image(purpose: Purpose) -> str:
    """Go back to the platform's own logo or favicon. Super admins only.

    Example: ctfy-admin admin branding remove-image logo
    """
    session.admin().branding.remove_image(purpose)
    return "Removed."
