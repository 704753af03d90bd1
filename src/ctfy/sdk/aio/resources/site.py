# Written by tools/async_sdk.py from ctfy/sdk/resources/site.py.
# Change that file, then run the tool.
"""`client.site`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.base import ListOf
from ctfy.server.models.competitions import PublicCompetitionDetail
from ctfy.server.models.fields import CustomFieldInfo
from ctfy.server.models.site import Branding, SitePage


class SiteResource:
    """What visitors see; nobody need be signed in for it."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def branding(self) -> Branding:
        """The platform's name, colours, images, texts, and the pages of its navigation."""
        return await self._http.fetch(Branding, "GET", "/branding")

    async def pages(self, offset: int = 0, limit: int = 50) -> builtins.list[SitePage]:
        """The published pages, as the navigation orders them."""
        return await self._http.fetch_page(SitePage, "/pages", offset=offset, limit=limit)

    def iterate_pages(self) -> AsyncIterator[SitePage]:
        """Each one that `pages` finds, asked for page by page as they are taken."""
        return self._http.pages(SitePage, "/pages")

    async def page(self, slug: str) -> SitePage:
        """A published page."""
        return await self._http.fetch(SitePage, "GET", f"/pages/{slug}")

    async def competition(self, competition_id: str) -> PublicCompetitionDetail:
        """A public competition's page: description, rules, prizes, dates."""
        path = f"/competitions/{competition_id}/about"
        return await self._http.fetch(PublicCompetitionDetail, "GET", path)

    async def fields(self) -> builtins.list[CustomFieldInfo]:
        """What is asked of whoever makes an account here."""
        return (await self._http.fetch(ListOf[CustomFieldInfo], "GET", "/fields")).root

    async def image(self, image_id: str) -> bytes:
        """An image's file."""
        return (await self._http.call("GET", f"/images/{image_id}")).content
