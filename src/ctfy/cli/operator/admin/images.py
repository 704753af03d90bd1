"""`ctfy-admin admin images`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.download import read_file
from ctfy.cli.output import prints
from ctfy.server.models.site import ImageInfo

app = typer.Typer(no_args_is_help=True)
_COLUMNS = "id name url width height size_bytes"


@app.command("list")
@prints(_COLUMNS, empty="No images.")
def list_() -> builtins.list[ImageInfo]:
    """List the images for use in pages.

    Example: ctfy-admin admin images list
    """
    return session.admin().images.list(limit=2000)


@app.command()
@prints(_COLUMNS)
def upload(file: Annotated[Path, typer.Argument(help="PNG, JPEG or WebP")]) -> ImageInfo:
    """Upload an image; Markdown shows it by its url.

    Example: ctfy-admin admin images upload sponsors.png
    """
    return session.admin().images.upload(read_file(file), name=file.name)


@app.command()
@prints()
def delete(image_id: Annotated[str, typer.Argument()]) -> str:
    """Delete an image; pages that show it have a gap.

    Example: ctfy-admin admin images delete IMAGE_ID
    """
    session.admin().images.delete(image_id)
    return "Deleted."
