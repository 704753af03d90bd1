"""`admin.branding`, `admin.pages` and `admin.images`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from ctfy.sdk.base import BaseHttpClient, uploaded, written
from ctfy.server.models.site import Branding, ImageInfo, SitePageInfo


class AdminBrandingResource:
    """What makes the platform an organiser's own. Changes are for super admins."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def update(self, **fields: str | None) -> Branding:
        """Change some; one left out stays, and None goes back to the default.

        `fields`: event_name, accent_color (as `#087050`), landing_text and footer_text (Markdown).

        >>> admin.branding.update(event_name="Winter Cup", accent_color="#7a1fa2")
        """
        return self._http.fetch(Branding, "PATCH", "/admin/branding", json=written(fields))

    def set_image(
        self, purpose: Literal["logo", "favicon"], content: bytes | BinaryIO
    ) -> ImageInfo:
        """Make a PNG, JPEG or WebP the logo or the favicon; it is drawn anew, to fit."""
        path = f"/admin/branding/{purpose}"
        return self._http.fetch(ImageInfo, "PUT", path, **uploaded(content))

    def remove_image(self, purpose: Literal["logo", "favicon"]) -> None:
        """Go back to the platform's own."""
        self._http.call("DELETE", f"/admin/branding/{purpose}")


class AdminPagesResource:
    """The operators' pages."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[SitePageInfo]:
        """Every page, drafts too, as the navigation orders them."""
        return self._http.fetch_page(SitePageInfo, "/admin/pages", offset=offset, limit=limit)

    def iterate(self) -> Iterator[SitePageInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(SitePageInfo, "/admin/pages")

    def get(self, page_id: str) -> SitePageInfo:
        """One page, also a draft."""
        return self._http.fetch(SitePageInfo, "GET", f"/admin/pages/{page_id}")

    def create(self, *, slug: str, title: str, body: str = "", **more: Any) -> SitePageInfo:
        """Create a page. `more`: position, in_navigation, status (draft or published).

        >>> admin.pages.create(slug="rules", title="Rules", body="Be **kind**.",
        ...                    status="published")
        """
        fields = {"slug": slug, "title": title, "body": body, **more}
        return self._http.fetch(SitePageInfo, "POST", "/admin/pages", json=written(fields))

    def update(self, page_id: str, *, version: int, **fields: Any) -> SitePageInfo:
        """Change a page; a field left out stays.

        `version`: the page's as it was read. Raises `page_changed` where somebody else has changed
        it since.
        """
        body = {"version": version, **fields}
        return self._http.fetch(
            SitePageInfo, "PATCH", f"/admin/pages/{page_id}", json=written(body)
        )

    def delete(self, page_id: str) -> None:
        """Delete a page."""
        self._http.call("DELETE", f"/admin/pages/{page_id}")


class AdminImagesResource:
    """Images for use in pages."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[ImageInfo]:
        """The images, newest first."""
        return self._http.fetch_page(ImageInfo, "/admin/images", offset=offset, limit=limit)

    def iterate(self) -> Iterator[ImageInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(ImageInfo, "/admin/images")

    def upload(self, content: bytes | BinaryIO, *, name: str = "") -> ImageInfo:
        """Upload a PNG, JPEG or WebP; it is drawn anew, to fit. Markdown shows it by its `url`."""
        return self._http.fetch(
            ImageInfo, "POST", "/admin/images", params={"name": name}, **uploaded(content)
        )

    def delete(self, image_id: str) -> None:
        """Delete an image; pages that show it have a gap."""
        self._http.call("DELETE", f"/admin/images/{image_id}")
