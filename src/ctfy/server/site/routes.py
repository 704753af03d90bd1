"""`/branding`, `/pages`, `/images`, and their administration."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response

from ctfy.core.errors import Unavailable
from ctfy.server.access.caller import Admin, Everybody, SuperAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheDatabase, TheJobs, TheStore
from ctfy.server.models.base import Page
from ctfy.server.models.names import visible
from ctfy.server.models.site import (
    Branding,
    BrandingUpdate,
    ImageInfo,
    SitePage,
    SitePageCreate,
    SitePageInfo,
    SitePageUpdate,
)
from ctfy.server.platform_settings.service import TheLiveSettings
from ctfy.server.response_cache import encoded
from ctfy.server.site import branding, images, pages
from ctfy.server.site.branding import TheBranding
from ctfy.server.site.images import UPLOAD, TheWorkshop
from ctfy.server.site.pictures import MOST_BYTES

router = Router(tags=["site"])
_ADMIN_IMAGES = "/admin/images"
_PLACE = "/admin/branding/{purpose}"
# The most bytes of what is uploaded, by path.
UPLOADS = {
    f"/api/v1{path}": MOST_BYTES
    for path in (_ADMIN_IMAGES, "/admin/branding/logo", "/admin/branding/favicon")
}
# An image's file never changes. Opened by itself, it can do nothing.
_IMAGE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Disposition": "inline",
}
Place = Literal["logo", "favicon"]


@router.get("/branding", response_model=Branding, dependencies=[Everybody])
async def get_branding(request: Request, live: TheBranding) -> Response:
    """The platform's name, colours, images, texts and pages; 304 while nothing changed."""
    look = live.look
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    return encoded(request, look.body, look.zipped if zipped else None, look.tag)


@router.patch("/admin/branding")
async def change_branding(
    body: BrandingUpdate,
    settings: TheLiveSettings,
    live: TheBranding,
    session: Session,
    caller: SuperAdmin,
) -> Branding:
    """Change the name, the accent colour or the texts; every replica follows within a second."""
    return live.with_texts(await branding.change(session, settings, caller, body))


@router.put(_PLACE, openapi_extra=UPLOAD)
async def put_branding_image(
    purpose: Place,
    request: Request,
    workshop: TheWorkshop,
    jobs: TheJobs,
    session: Session,
    caller: SuperAdmin,
) -> ImageInfo:
    """Make an image (PNG, JPEG, WebP) the logo or the favicon; it is drawn anew, to fit."""
    image = await workshop.keep(await request.body(), purpose, purpose, caller)
    await images.put_in_place(session, jobs, caller, purpose, image)
    await session.flush()
    return images.info(image)


@router.delete(_PLACE)
async def remove_branding_image(
    purpose: Place, jobs: TheJobs, session: Session, caller: SuperAdmin
) -> dict[str, str]:
    """Go back to the platform's own logo or favicon."""
    await images.put_in_place(session, jobs, caller, purpose, None)
    return {"status": "deleted"}


@router.get("/pages", dependencies=[Everybody])
async def list_pages(database: TheDatabase, paging: Paged) -> Page[SitePage]:
    """The published pages, as the navigation orders them; for visitors, too."""
    return await paging.read(database, pages.PUBLISHED, pages.shown)


@router.get("/pages/{slug}", dependencies=[Everybody])
async def get_page(slug: str, database: TheDatabase) -> SitePage:
    """A published page; for visitors, too."""
    return await pages.read(database, slug)


@router.get("/admin/pages")
async def list_all_pages(session: Session, paging: Paged, _: Admin) -> Page[SitePageInfo]:
    """Every page, drafts too."""
    return await paging.fetch(session, pages.every(), pages.info)


@router.post("/admin/pages", status_code=201)
async def create_page(body: SitePageCreate, session: Session, caller: Admin) -> SitePageInfo:
    """Create a page; as a draft, unless its status says otherwise."""
    return await pages.get(session, await pages.create(session, caller, body))


@router.get("/admin/pages/{page_id}")
async def get_any_page(page_id: str, session: Session, _: Admin) -> SitePageInfo:
    """One page, also a draft."""
    return await pages.get(session, page_id)


@router.patch("/admin/pages/{page_id}")
async def update_page(
    page_id: str, body: SitePageUpdate, session: Session, caller: Admin
) -> SitePageInfo:
    """Change a page, unless somebody else did since the version that the caller has."""
    await pages.change(session, caller, page_id, body)
    return await pages.get(session, page_id)


@router.delete("/admin/pages/{page_id}")
async def delete_page(page_id: str, session: Session, caller: Admin) -> dict[str, str]:
    """Delete a page."""
    await pages.remove(session, caller, page_id)
    return {"status": "deleted"}


@router.get(_ADMIN_IMAGES)
async def list_images(database: TheDatabase, paging: Paged, _: Admin) -> Page[ImageInfo]:
    """The images for use in pages, newest first."""
    return await paging.read(database, images.LISTED, images.info)


@router.post(_ADMIN_IMAGES, status_code=201, openapi_extra=UPLOAD)
async def upload_image(
    request: Request,
    workshop: TheWorkshop,
    session: Session,
    caller: Admin,
    name: Annotated[str, Query(max_length=200, description="The file's, for the list")] = "",
) -> ImageInfo:
    """Upload an image (PNG, JPEG, WebP) for use in pages; it is drawn anew, to fit."""
    image = await workshop.keep(await request.body(), "page", visible(name), caller)
    await images.add(session, caller, image)
    await session.flush()
    return images.info(image)


@router.delete("/admin/images/{image_id}")
async def delete_image(
    image_id: str, jobs: TheJobs, session: Session, caller: Admin
) -> dict[str, str]:
    """Delete an image; pages that show it have a gap."""
    await images.remove(session, jobs, caller, image_id)
    return {"status": "deleted"}


@router.get("/images/{image_id}", response_class=Response, dependencies=[Everybody])
async def get_image(
    image_id: Annotated[str, Path(max_length=64)],
    request: Request,
    database: TheDatabase,
    store: TheStore,
) -> Response:
    """An image's file, for everybody."""
    content_type = await images.content_type(database, image_id)
    headers = {**_IMAGE_HEADERS, "ETag": f'"{image_id}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        content = await store.get(images.path_of(image_id))
    except OSError as error:
        raise Unavailable("store_unavailable", "The image cannot be read just now.") from error
    if content is None:
        raise images.missing()
    return Response(content, media_type=content_type, headers=headers)
