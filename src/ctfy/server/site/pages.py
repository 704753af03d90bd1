"""The operators' pages: rules, sponsors, questions and answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.models.site import SitePage as ShownPage
from ctfy.server.models.site import SitePageCreate, SitePageInfo, SitePageUpdate
from ctfy.server.site.events import SitePageCreated, SitePageDeleted, SitePageUpdated
from ctfy.server.tables.access import User
from ctfy.server.tables.site import SitePage

_IN_ORDER = (SitePage.position, SitePage.title, SitePage.id)
_SHOWN = (
    select(SitePage.slug, SitePage.title, SitePage.body, SitePage.updated_at)
    .where(SitePage.status == "published")
    .order_by(*_IN_ORDER)
)
PUBLISHED = Listing(_SHOWN)
_ONE = Statement(_SHOWN.where(SitePage.slug == bindparam("slug")))


def every() -> Select[SitePage, str | None]:
    """Every page, drafts too, as the navigation orders them."""
    return (
        select(SitePage, User.display_name.label("updated_by_name"))
        .outerjoin(User, User.id == SitePage.updated_by)
        .order_by(*_IN_ORDER)
    )


def info(row: Any) -> SitePageInfo:
    """A row of `every` on the wire."""
    names = SitePageInfo.model_fields.keys() - {"updated_by_name"}
    fields = {name: getattr(row.SitePage, name) for name in names}
    return SitePageInfo(**fields, updated_by_name=row.updated_by_name or "")


async def get(session: AsyncSession, page_id: str) -> SitePageInfo:
    """One page, for operators. Raises `page_not_found`."""
    row = (await session.execute(every().where(SitePage.id == page_id))).one_or_none()
    if row is None:
        raise _missing()
    return info(row)


def _missing() -> NotFound:
    return NotFound("page_not_found", "There is no such page.")


async def read(database: Database, slug: str) -> ShownPage:
    """A published page. Raises `page_not_found`."""
    rows = await database.read(_ONE, slug=slug)
    if not rows:
        raise _missing()
    return shown(rows[0])


def shown(row: Any) -> ShownPage:
    """A published page on the wire."""
    return ShownPage(slug=row.slug, title=row.title, body=row.body, updated_at=row.updated_at)


async def create(session: AsyncSession, caller: Caller, body: SitePageCreate) -> str:
    """A new page; its id. Raises `page_slug_taken`."""
    page = SitePage(updated_by=caller.user_id, **body.model_dump())
    await _write(session, page)
    emit(
        session,
        SitePageCreated(page_id=page.id, slug=page.slug, title=page.title),
        actor_id=caller.user_id,
        after=body.model_dump(),
    )
    return page.id


async def change(session: AsyncSession, caller: Caller, page_id: str, body: SitePageUpdate) -> None:
    """Change a page.

    Raises `page_not_found`, `page_slug_taken`, and `page_changed` where it is not any more what
    the caller had before them.
    """
    page = await session.get(SitePage, page_id, with_for_update={"key_share": True})
    if page is None:
        raise _missing()
    fields = body.model_dump(exclude_unset=True, exclude={"version"})
    for name, value in fields.items():
        if value is None:
            raise field_error(["body", name], "cannot be null; leave it out to keep it")
    if body.version != page.version:
        raise Conflict(
            "page_changed",
            "Somebody else has changed this page meanwhile. Read what it says now.",
            version=page.version,
        )
    before = {name: getattr(page, name) for name in fields}
    changed = {name: value for name, value in fields.items() if value != before[name]}
    for name, value in changed.items():
        setattr(page, name, value)
    page.version, page.updated_at, page.updated_by = page.version + 1, now(), caller.user_id
    await _write(session, page)
    emit(
        session,
        SitePageUpdated(page_id=page.id, slug=page.slug, title=page.title, changed=sorted(changed)),
        actor_id=caller.user_id,
        before={name: before[name] for name in changed},
        after=changed,
    )


async def _write(session: AsyncSession, page: SitePage) -> None:
    slug = page.slug
    try:
        async with session.begin_nested():
            session.add(page)
    except IntegrityError as error:
        if "uq_site_pages_slug" not in str(error.orig):
            raise
        raise Conflict("page_slug_taken", f"There is a page `{slug}` already.") from error


async def remove(session: AsyncSession, caller: Caller, page_id: str) -> None:
    """Delete a page. Raises `page_not_found`."""
    gone = await session.scalar(delete(SitePage).where(SitePage.id == page_id).returning(SitePage))
    if gone is None:
        raise _missing()
    emit(
        session,
        SitePageDeleted(page_id=page_id, slug=gone.slug, title=gone.title),
        actor_id=caller.user_id,
        before={"body": gone.body},
    )
