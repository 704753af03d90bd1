"""What every visitor's first page shows: kept in memory, and made anew when it changes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.contrast import palette
from ctfy.server.access.caller import Caller
from ctfy.server.database.connections import Background, Database
from ctfy.server.database.statement import Statement
from ctfy.server.events.relay import Relay
from ctfy.server.events.types import Event
from ctfy.server.models.site import (
    AccentPalette,
    Branding,
    BrandingImage,
    BrandingUpdate,
    NavigationEntry,
)
from ctfy.server.platform_settings import service as platform_settings
from ctfy.server.platform_settings.service import LiveSettings
from ctfy.server.services import provided
from ctfy.server.site.events import BrandingImageChanged, SitePageEvent
from ctfy.server.site.images import ADDRESS
from ctfy.server.tables.site import Image, SitePage

log = structlog.get_logger()

_TEXTS = ("event_name", "accent_color", "landing_text", "footer_text")
_IMAGES = Statement(
    select(Image.id, Image.purpose, Image.width, Image.height)
    .where(Image.purpose.in_(("logo", "favicon")))
    .order_by(Image.created_at, Image.id)
)
_PAGES = Statement(
    select(SitePage.slug, SitePage.title)
    .where(SitePage.status == "published", SitePage.in_navigation)
    .order_by(SitePage.position, SitePage.title, SitePage.id)
)


@dataclass(frozen=True)
class Look:
    """The branding, and the same as it is sent."""

    branding: Branding

    @cached_property
    def body(self) -> bytes:
        """As JSON."""
        return self.branding.model_dump_json().encode()

    @cached_property
    def zipped(self) -> bytes:
        """Its body by gzip."""
        return gzip.compress(self.body)

    @cached_property
    def tag(self) -> str:
        """The ETag of its body."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


class LiveBranding:
    """The branding as it is now: the live settings' texts, the newest images, the navigation."""

    def __init__(
        self, live: LiveSettings, database: Database, background: Background, relay: Relay
    ) -> None:
        self._settings = live.settings
        self._database = background
        self._turn = asyncio.Lock()  # whoever read last has the last word
        self._images: dict[str, BrandingImage] = {}
        self._pages: list[NavigationEntry] = []
        self._made: tuple[dict[str, str], Look] | None = None
        database.on_commit(lambda event: self._follow(type(event)))
        relay.observe(lambda event: self._follow(event.kind))

    @property
    def look(self) -> Look:
        """It, made anew only where something changed."""
        texts = {name: getattr(self._settings, name) for name in _TEXTS}
        if self._made is None or self._made[0] != texts:
            self._made = texts, Look(self.with_texts(texts))
        return self._made[1]

    def with_texts(self, changed: dict[str, str]) -> Branding:
        """It, as it is once some of the texts are others."""
        texts = {name: getattr(self._settings, name) for name in _TEXTS} | changed
        return Branding(
            **texts,
            palette=_palette(texts["accent_color"]),
            logo=self._images.get("logo"),
            favicon=self._images.get("favicon"),
            pages=self._pages,
        )

    async def load(self) -> None:
        """Take over what the database says."""
        async with self._turn:
            images = await self._database.read(_IMAGES)
            pages = await self._database.read(_PAGES)
            self._images = {
                row.purpose: BrandingImage(
                    url=f"{ADDRESS}/{row.id}", width=row.width, height=row.height
                )
                for row in images
            }
            self._pages = [NavigationEntry(slug=row.slug, title=row.title) for row in pages]
            self._made = None

    async def open(self) -> None:
        """Take over what the database says, from now on at every change."""
        await self.load()

    async def close(self) -> None:
        """Do nothing: who tells of a change waits for it."""

    def _follow(self, kind: type[Event] | None) -> Awaitable[None] | None:
        changes = kind is not None and issubclass(kind, BrandingImageChanged | SitePageEvent)
        return self._reload() if changes else None

    async def _reload(self) -> None:
        try:
            await self.load()
        except Exception:
            log.exception("branding_not_loaded")


TheBranding = Annotated[LiveBranding, provided(LiveBranding)]


def _palette(accent: str) -> AccentPalette | None:
    if not accent:
        return None
    made = palette(accent)
    return AccentPalette(shades=list(made.shades), fill_on_dark=made.fill_on_dark)


async def change(
    session: AsyncSession, live: LiveSettings, caller: Caller, body: BrandingUpdate
) -> dict[str, Any]:
    """Change some of the texts, all or none of them; the values that hold then, by setting."""
    changed = {}
    for key, value in body.model_dump(exclude_unset=True).items():
        info = (
            await platform_settings.unset(session, live, caller.user_id, key)
            if value is None
            else await platform_settings.change(session, live, caller.user_id, key, value)
        )
        changed[key] = info.value
    return changed
