"""How the platform looks to its visitors: branding, pages and their images."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ctfy.core.contrast import check_accent
from ctfy.server.models.base import Request, Response
from ctfy.server.models.names import Name


def _accent(value: str) -> str:
    return check_accent(value.lower()) if value else ""


def _named(value: str) -> str:
    if not value:
        raise ValueError("may not be empty")
    return value


EventName = Annotated[Name, Field(max_length=64), AfterValidator(_named)]
AccentColor = Annotated[
    str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$", max_length=7), AfterValidator(_accent)
]
LandingText = Annotated[str, Field(max_length=20_000)]
FooterText = Annotated[str, Field(max_length=4_000)]

Slug = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Its part of the address: small letters, digits, and hyphens between",
    ),
]
PageTitle = Annotated[Name, Field(min_length=1, max_length=120), AfterValidator(_named)]
PageBody = Annotated[str, Field(max_length=50_000, description="Markdown")]
Position = Annotated[int, Field(ge=0, le=10_000)]
PageStatus = Literal["draft", "published"]


class AccentPalette(Response):
    """The accent colour in ten shades from light to dark, and buttons on dark pages."""

    shades: list[str]
    fill_on_dark: str


class BrandingImage(Response):
    """A logo or a favicon."""

    url: str
    width: int
    height: int


class NavigationEntry(Response):
    """A page that the navigation leads to."""

    slug: str
    title: str


class Branding(Response):
    """What makes the platform somebody's; empty where it is as it came."""

    event_name: str
    accent_color: str = ""
    palette: AccentPalette | None = None
    logo: BrandingImage | None = None
    favicon: BrandingImage | None = None
    landing_text: Annotated[str, Field(description="Markdown")] = ""
    footer_text: Annotated[str, Field(description="Markdown")] = ""
    pages: list[NavigationEntry] = []


class BrandingUpdate(Request):
    """What an operator changes; a field left out stays, and null goes back to the default."""

    event_name: EventName | None = None
    accent_color: AccentColor | None = None
    landing_text: LandingText | None = None
    footer_text: FooterText | None = None


class ImageInfo(Response):
    """An image for use in pages; Markdown shows it as `![What it shows](url)`."""

    id: str
    name: str
    url: str
    content_type: str
    width: int
    height: int
    size_bytes: int
    created_at: datetime


class SitePage(Response):
    """A page of the operators', as visitors read it."""

    slug: str
    title: str
    body: Annotated[str, Field(description="Markdown")]
    updated_at: datetime


class SitePageInfo(SitePage):
    """The same for operators. `version` grows with each change."""

    id: str
    position: int
    in_navigation: bool
    status: PageStatus
    version: int
    created_at: datetime
    updated_by_name: str = ""


class SitePageCreate(Request):
    """A new page."""

    slug: Slug
    title: PageTitle
    body: PageBody = ""
    position: Position = 0
    in_navigation: bool = True
    status: PageStatus = "draft"


class SitePageUpdate(Request):
    """What an operator changes; a field left out stays.

    `version`: of the page that they had before them. Where it has another one, somebody else has
    changed it meanwhile, and nothing is written.
    """

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    slug: Slug | None = None
    title: PageTitle | None = None
    body: PageBody | None = None
    position: Position | None = None
    in_navigation: bool | None = None
    status: PageStatus | None = None
