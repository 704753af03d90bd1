"""`ctfy-admin admin pages`."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.download import read_file
from ctfy.cli.output import Code, fail, out, print_markdown, prints
from ctfy.server.models.site import SitePageInfo

app = typer.Typer(no_args_is_help=True)
PageId = Annotated[str, typer.Argument(help="As `list` says it")]
Body = Annotated[Path | None, typer.Option(help="A file with its Markdown")]
Status = Annotated[str | None, typer.Option(help="draft or published")]
InNavigation = Annotated[
    bool | None, typer.Option("--in-navigation/--not-in-navigation", help="Shown in the header")
]
Position = Annotated[int | None, typer.Option(help="The lower, the earlier")]
_COLUMNS = "id slug title status in_navigation position version updated_by_name"


@app.command("list")
@prints(_COLUMNS, empty="No pages.")
def list_() -> builtins.list[SitePageInfo]:
    """List every page, drafts too.

    Example: ctfy-admin admin pages list
    """
    return session.admin().pages.list(limit=1000)


@app.command()
@prints(people=lambda page: _describe(page))
def view(page_id: PageId) -> SitePageInfo:
    """Show a page.

    Example: ctfy-admin admin pages view PAGE_ID
    """
    return session.admin().pages.get(page_id)


def _describe(page: SitePageInfo) -> None:
    out.print(f"{page.title}  /pages/{page.slug}  {page.status}", markup=False)
    print_markdown(page.body)


@app.command()
@prints(_COLUMNS)
def create(
    slug: Annotated[str, typer.Argument(help="Its part of the address, as rules")],
    title: Annotated[str, typer.Option()],
    body: Body = None,
    status: Status = None,
    in_navigation: InNavigation = None,
    position: Position = None,
) -> SitePageInfo:
    """Make a page; a draft, unless --status says otherwise.

    Example: ctfy-admin admin pages create rules --title Rules --body rules.md --status published
    """
    more = _given(body, status=status, in_navigation=in_navigation, position=position)
    return session.admin().pages.create(slug=slug, title=title, **more)


@app.command()
@prints(_COLUMNS)
def update(
    page_id: PageId,
    title: Annotated[str | None, typer.Option()] = None,
    slug: Annotated[str | None, typer.Option()] = None,
    body: Body = None,
    status: Status = None,
    in_navigation: InNavigation = None,
    position: Position = None,
    version: Annotated[
        int, typer.Option(help="Only if it still is this one; 0: whatever it is")
    ] = 0,
) -> SitePageInfo:
    """Change a page; what is left out stays.

    Example: ctfy-admin admin pages update PAGE_ID --body rules.md
    """
    changes = _given(
        body,
        title=title,
        slug=slug,
        status=status,
        in_navigation=in_navigation,
        position=position,
    )
    if not changes:
        fail("nothing to change", hint="see the command's --help", code=Code.USAGE)
    pages = session.admin().pages
    return pages.update(page_id, version=version or pages.get(page_id).version, **changes)


def _given(body: Path | None, **fields: Any) -> dict[str, Any]:
    if body is not None:
        try:
            fields["body"] = read_file(body).decode()
        except UnicodeDecodeError:
            fail(f"{body} is not UTF-8", code=Code.USAGE)
    return {name: value for name, value in fields.items() if value is not None}


@app.command()
@prints()
def delete(page_id: PageId) -> str:
    """Delete a page.

    Example: ctfy-admin admin pages delete PAGE_ID
    """
    session.admin().pages.delete(page_id)
    return "Deleted."
