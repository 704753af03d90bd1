"""How the platform looks to its visitors: branding, pages, images, public competitions."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from threading import Barrier, Thread
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ctfy.core.contrast import AA_SHAPE, AA_TEXT, ON_DARK, ON_LIGHT, check_accent, contrast, palette
from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.models.site import Branding
from ctfy.server.site.pictures import PictureRefused, redrawn
from tests.conftest import Arena
from tests.hostile_images import REDRAWN, REFUSED, SECRET, drawn
from tests.hostile_names import UNSEEN
from tests.hostile_requests import TEXTS
from tests.processes import wait_for
from tests.refusals import refusal

PAGE = "Our **sponsors**."


@pytest.fixture
def branding(arena: Arena) -> Iterator[Any]:
    """The platform's branding, which is as it came again afterwards."""
    admin = arena.admin.admin.branding
    yield admin
    admin.update(event_name=None, accent_color=None, landing_text=None, footer_text=None)
    for purpose in ("logo", "favicon"):
        admin.remove_image(purpose)


@pytest.fixture
def page(arena: Arena) -> Iterator[Any]:
    pages = arena.admin.admin.pages
    page = pages.create(slug="sponsors", title="Sponsors", body=PAGE, status="published")
    yield page
    pages.delete(page.id)


@given(st.integers(0, 0xFFFFFF))
def test_an_accent_is_refused_or_can_be_read_on_every_page(number: int) -> None:
    accent = f"#{number:06x}"
    try:
        check_accent(accent)
    except ValueError:
        assert min(contrast(accent, surface) for surface in ON_LIGHT) < AA_TEXT
        return
    made = palette(accent)
    assert all(contrast(accent, surface) >= AA_TEXT for surface in ON_LIGHT)
    for link in made.shades[2:4]:
        assert all(contrast(link, surface) >= AA_TEXT for surface in ON_DARK)
    assert contrast(made.fill_on_dark, "#ffffff") >= AA_TEXT
    assert contrast(made.fill_on_dark, "#151c21") >= AA_SHAPE


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # WCAG's own example


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_image_is_not_taken(what: str) -> None:
    with pytest.raises(PictureRefused):
        redrawn(REFUSED[what], "page")


@pytest.mark.parametrize("what", REDRAWN)
def test_of_an_image_its_pixels_are_kept_alone(what: str) -> None:
    made = redrawn(REDRAWN[what], "page")
    assert SECRET not in made.content
    assert Image.open(io.BytesIO(made.content)).size == (40, 20)


@given(st.data())
def test_a_damaged_image_is_refused_in_words(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]).map(drawn)))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureRefused):
        made = redrawn(bytes(content), "logo")
        assert made.width * made.height > 0


def test_a_large_image_is_made_to_fit() -> None:
    made = redrawn(drawn("JPEG", (3000, 1500)), "page")
    assert (made.width, made.height) == (2000, 1000)
    logo = redrawn(drawn("WEBP", (3000, 1500)), "logo")
    assert (logo.width, logo.height) == (320, 160)
    assert redrawn(drawn("JPEG", (900, 900)), "favicon").content_type == "image/png"


def test_an_image_is_served_as_what_it_is_and_for_good(arena: Arena) -> None:
    images = arena.admin.admin.images
    made = images.upload(drawn("JPEG"), name="a<b>\u202e.jpg")
    assert (made.name, made.content_type) == ("a<b>.jpg", "image/jpeg")
    answer = httpx.get(arena.url + made.url)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    assert "sandbox" in answer.headers["content-security-policy"]
    again = {"If-None-Match": answer.headers["etag"]}
    assert httpx.get(arena.url + made.url, headers=again).status_code == 304
    assert refusal(images.upload, b"<svg/>").code == "image_refused"
    images.delete(made.id)
    assert httpx.get(arena.url + made.url).status_code == 404


def test_the_branding_is_in_the_page_itself_and_in_one_request(arena: Arena, branding: Any) -> None:
    name, footer = 'Cup <"&> __NONCE__', "<!--/branding--></title><script>"
    before = httpx.get(f"{arena.url}/api/v1/branding")
    assert before.json()["event_name"] == "ctfy"
    branding.update(event_name=name, footer_text=footer, accent_color="#7A1FA2")
    branding.set_image("logo", drawn(size=(900, 900)))
    icon = branding.set_image("favicon", drawn("WEBP"))
    wait_for("every process", lambda: _branding(arena).favicon)
    told = _branding(arena)
    assert (told.event_name, told.footer_text, told.accent_color) == (name, footer, "#7a1fa2")
    assert told.logo is not None
    assert told.logo.height == 160
    assert told.palette is not None
    assert told.palette.shades[8] == "#7a1fa2"
    first = httpx.get(f"{arena.url}/login").text
    assert f'href="{icon.url}"' in first
    assert "<title>Cup &lt;&quot;&amp;&gt; __NONCE__</title>" in first
    held = re.search('<meta name="ctfy-branding" content="([^"]*)"', first)
    assert held is not None
    assert Branding.model_validate_json(unescape(held[1])) == told
    answer = httpx.get(f"{arena.url}/api/v1/branding")
    again = {"If-None-Match": answer.headers["etag"]}
    assert httpx.get(f"{arena.url}/api/v1/branding", headers=again).status_code == 304
    assert answer.headers["etag"] != before.headers["etag"]


def _branding(arena: Arena) -> Branding:
    return PlatformClient(arena.url).site.branding()


def test_a_colour_that_cannot_be_read_is_refused_with_the_reason(
    arena: Arena, branding: Any
) -> None:
    error = refusal(branding.update, event_name="Cup", accent_color="#ffd54f")
    assert (error.status_code, error.code) == (422, "validation_error")
    assert "WCAG AA" in str(error)
    assert _branding(arena).event_name == "ctfy"  # all or nothing
    for colour in ("red", "#fff", "#12345g", "url(x)", "#123456;"):
        assert refusal(branding.update, accent_color=colour).status_code == 422
    for hidden in UNSEEN.values():
        assert refusal(branding.update, event_name=hidden).status_code == 422


def test_a_page_is_read_by_visitors_once_it_is_published(arena: Arena, page: Any) -> None:
    pages, visitor = arena.admin.admin.pages, PlatformClient(arena.url).site
    assert visitor.page("sponsors").body == PAGE
    assert {"slug": "sponsors", "title": "Sponsors"} in [
        entry.model_dump() for entry in visitor.branding().pages
    ]
    hidden = pages.update(page.id, version=page.version, in_navigation=False)
    wait_for("every process", lambda: not visitor.branding().pages)
    assert "sponsors" in [found.slug for found in visitor.pages()]
    pages.update(page.id, version=hidden.version, status="draft")
    assert refusal(visitor.page, "sponsors").code == "page_not_found"
    assert "sponsors" not in [found.slug for found in visitor.pages()]
    assert refusal(arena.player().admin.pages.list).status_code == 403


def test_of_two_who_change_a_page_the_second_is_told(arena: Arena, page: Any) -> None:
    """And nothing of the first is lost, however close together they come."""
    pages = arena.admin.admin.pages
    codes: list[str] = []
    together = Barrier(8)

    def change(number: int) -> None:
        together.wait()
        try:
            pages.update(page.id, version=page.version, body=f"By {number}")
            codes.append("")
        except CtfyApiError as error:
            codes.append(error.code)

    threads = [Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["", *["page_changed"] * 7]
    assert pages.get(page.id).version == page.version + 1


def test_a_page_keeps_what_was_written_or_says_why_not(arena: Arena, page: Any) -> None:
    pages = arena.admin.admin.pages
    assert refusal(pages.create, slug="sponsors", title="Twice").code == "page_slug_taken"
    for slug in ("", "A", "a b", "../admin", "a--b", "-a", "a/b", "a%2fb", "a" * 65):
        assert refusal(pages.create, slug=slug, title="x").status_code == 422
    for what, text in TEXTS.items():
        if what in ("NUL", "a lone surrogate"):  # no text that a database stores
            assert _status_of(arena, page, text) == 422
            continue
        page = pages.update(page.id, version=page.version, body=text)
        assert PlatformClient(arena.url).site.page("sponsors").body == text


def _status_of(arena: Arena, page: Any, text: str) -> int:
    return httpx.patch(
        f"{arena.url}/api/v1/admin/pages/{page.id}",
        content=json.dumps({"version": page.version, "body": text}),
        headers={"Authorization": f"Bearer {arena.admin.token}"},
    ).status_code


def test_visitors_read_about_public_competitions_alone(arena: Arena) -> None:
    visitor = PlatformClient(arena.url).site
    words = {"rules": "Be **kind**.", "prizes": "1. A cup"}
    starts = datetime.now(UTC) + timedelta(hours=1)
    opened = arena.competition("notes", **words)
    arena.registered(opened)
    told = visitor.competition(opened.id)
    assert (told.rules, told.prizes, told.challenges) == (*words.values(), 1)
    wait_for("the team", lambda: visitor.competition(opened.id).teams == 1)
    later = arena.competition("notes", starts_at=starts, **words)
    assert visitor.competition(later.id).challenges == 0
    assert arena.player().competitions.get(later.id).prizes == words["prizes"]
    for unseen in (
        {"access": "private_hidden"},
        {"access": "private_listed"},
        {"status": "draft"},
        {"status": "archived"},
    ):
        found = arena.competition("notes", **unseen, **words)
        assert refusal(visitor.competition, found.id).code == "competition_not_found"


def test_a_copy_of_a_competition_has_its_rules_and_prizes(arena: Arena) -> None:
    admin = arena.admin.admin.competitions
    found = arena.competition("notes", rules="Be kind.", prizes="A cup")
    copy = admin.clone(found.id, title="Again")
    assert arena.admin.competitions.get(copy.id).rules == "Be kind."
    admin.update(copy.id, rules="")
    assert arena.admin.competitions.get(copy.id).rules == ""
