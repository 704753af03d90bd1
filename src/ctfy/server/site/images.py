"""Images for pages, the logo and the favicon: rows that say what lies in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, Invalid, NotFound, Unavailable
from ctfy.server.access.caller import Caller
from ctfy.server.database.base import new_id
from ctfy.server.database.connections import Database
from ctfy.server.database.paging import Listing
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.site import ImageInfo
from ctfy.server.services import provided
from ctfy.server.site.events import BrandingImageChanged, ImageDeleted, ImageUploaded
from ctfy.server.site.pictures import PictureRefused, Purpose, redrawn
from ctfy.server.store import Store
from ctfy.server.tables.site import Image

ADDRESS = "/api/v1/images"
_MOST_IMAGES = 2000


class ImageWorkshop:
    """Redraws what is uploaded, one at a time: a picture of the largest takes 100 MB meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()

    async def keep(self, content: bytes, purpose: Purpose, name: str, caller: Caller) -> Image:
        """An upload's file in the store, and its row, which is not added yet.

        Raises `image_refused`, `store_unavailable`.
        """
        async with self._turn:
            try:
                picture = await asyncio.to_thread(redrawn, content, purpose)
            except PictureRefused as refused:
                raise Invalid("image_refused", f"The image was not taken: {refused}.") from refused
        image = Image(
            id=new_id(),
            purpose=purpose,
            name=name,
            content_type=picture.content_type,
            width=picture.width,
            height=picture.height,
            size_bytes=len(picture.content),
            created_by=caller.user_id,
        )
        try:
            await self._store.put(path_of(image.id), picture.content)
        except OSError as error:
            raise Unavailable("store_unavailable", "The image could not be stored.") from error
        return image


def folder_of(image_id: str) -> str:
    """What is removed from the store where an image goes."""
    return f"images/{image_id}"


TheWorkshop = Annotated[ImageWorkshop, provided(ImageWorkshop)]
# How an upload is documented: the file is the body.
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def path_of(image_id: str) -> str:
    """Where an image's file lies in the store."""
    return f"{folder_of(image_id)}/image"


LISTED = Listing(
    select(Image).where(Image.purpose == "page").order_by(Image.created_at.desc(), Image.id)
)
_TYPE = Statement(select(Image.content_type).where(Image.id == bindparam("image_id")))


def info(image: Any) -> ImageInfo:
    """An image on the wire."""
    fields = {name: getattr(image, name) for name in ImageInfo.model_fields if name != "url"}
    return ImageInfo(**fields, url=f"{ADDRESS}/{image.id}")


async def content_type(database: Database, image_id: str) -> str:
    """What an image is. Raises `image_not_found`."""
    rows = await database.read(_TYPE, image_id=image_id)
    if not rows:
        raise missing()
    found: str = rows[0].content_type
    return found


def missing() -> NotFound:
    """There is no such image."""
    return NotFound("image_not_found", "There is no such image.")


async def add(session: AsyncSession, caller: Caller, image: Image) -> None:
    """Add an image for use in pages. Raises `too_many_images`."""
    count = await session.scalar(
        select(func.count()).select_from(Image).where(Image.purpose == "page")
    )
    if (count or 0) >= _MOST_IMAGES:
        raise Conflict("too_many_images", f"There are {count} images already. Delete some first.")
    session.add(image)
    emit(
        session,
        ImageUploaded(image_id=image.id, image_name=image.name),
        actor_id=caller.user_id,
    )


async def remove(session: AsyncSession, jobs: Jobs, caller: Caller, image_id: str) -> None:
    """Delete an image for use in pages. Raises `image_not_found`."""
    gone = await session.scalar(
        delete(Image).where(Image.id == image_id, Image.purpose == "page").returning(Image)
    )
    if gone is None:
        raise missing()
    await _clear_away(session, jobs, [image_id])
    emit(
        session,
        ImageDeleted(image_id=image_id, image_name=gone.name),
        actor_id=caller.user_id,
    )


async def put_in_place(
    session: AsyncSession, jobs: Jobs, caller: Caller, purpose: Purpose, image: Image | None
) -> None:
    """Make an image the logo or the favicon, in place of what was; None: there is none then."""
    gone = await session.scalars(delete(Image).where(Image.purpose == purpose).returning(Image.id))
    await _clear_away(session, jobs, list(gone))
    if image is not None:
        session.add(image)
    emit(session, BrandingImageChanged(purpose=purpose), actor_id=caller.user_id)


async def exchange(session: AsyncSession, jobs: Jobs, address: str, image: Image | None) -> str:
    """Take an image in place of the one at an address of ours; the address that holds then.

    Whoever calls holds the lock of the row that has the address.
    """
    await _clear_away(session, jobs, await forget(session, [address]))
    if image is None:
        return ""
    session.add(image)
    return f"{ADDRESS}/{image.id}"


async def forget(session: AsyncSession, addresses: Iterable[str]) -> list[str]:
    """Delete the rows of avatars and team logos; their ids, for files are still there."""
    ids = [address.removeprefix(f"{ADDRESS}/") for address in addresses if address]
    if not ids:
        return []
    gone = await session.scalars(
        delete(Image)
        .where(Image.id.in_(ids), Image.purpose.in_(("avatar", "team_logo")))
        .returning(Image.id)
    )
    return list(gone)


async def _clear_away(session: AsyncSession, jobs: Jobs, image_ids: list[str]) -> None:
    """Have files removed, once their rows are gone."""
    if image_ids:
        folders = [folder_of(image_id) for image_id in image_ids]
        await jobs.defer(session, "clear_away", folders=folders, instances=[])
