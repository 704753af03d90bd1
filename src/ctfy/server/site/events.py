"""The events of branding, pages and images."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event


class BrandingImageChanged(Event, to=Audience.ADMINS):
    """There is another logo or favicon, or none; `purpose` says which."""

    purpose: str


class SitePageEvent(Event):
    """Something about a page of the operators'."""

    page_id: str
    slug: str
    title: str


class SitePageCreated(SitePageEvent, to=Audience.ADMINS):
    """There is a new page."""


class SitePageUpdated(SitePageEvent, to=Audience.ADMINS):
    """The fields in `changed` have other values."""

    changed: list[str]


class SitePageDeleted(SitePageEvent, to=Audience.ADMINS):
    """A page is gone."""


class ImageEvent(Event):
    """Something about an image for use in pages."""

    image_id: str
    image_name: str


class ImageUploaded(ImageEvent, to=Audience.ADMINS):
    """There is a new image."""


class ImageDeleted(ImageEvent, to=Audience.ADMINS):
    """An image is gone; pages that show it have a gap."""
