"""An organiser makes the platform theirs in the browser, and visitors see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.hostile_images import drawn
from tests.processes import wait_for
from tests.web.browser import Window, findings, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-look")]


@pytest.fixture
def operator(arena: Arena, browser: Browser) -> Iterator[Window]:
    with window(browser, arena.url) as mine:
        yield mine.sign_in(arena.admin, PASSWORD)
    admin = arena.admin.admin
    admin.branding.update(event_name=None, accent_color=None, landing_text=None, footer_text=None)
    for purpose in ("logo", "favicon"):
        admin.branding.remove_image(purpose)
    for page in admin.pages.list():
        admin.pages.delete(page.id)


def test_an_organiser_makes_the_platform_theirs(
    arena: Arena, browser: Browser, operator: Window, tmp_path: Path
) -> None:
    competition = arena.competition("notes", title="Autumn Cup", rules="Be kind.", prizes="Gold")
    page = operator.open("/admin/look")
    page.get_by_label("Event name").fill("Harvest CTF")
    page.get_by_label("Landing text").fill("Welcome to the **harvest**.")
    page.get_by_label("Footer text").fill("By *farmers*.")
    accent = page.get_by_role("textbox", name="Accent colour", exact=True)
    accent.fill("#ffd54f")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("WCAG AA")).to_be_visible()
    operator.complaints.clear()  # the browser notes the refusal in its console
    accent.fill("#7a1fa2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    (tmp_path / "logo.png").write_bytes(drawn(size=(400, 100)))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a logo").click()
    chooser.value.set_files(tmp_path / "logo.png")
    expect(page.get_by_role("link", name="Harvest CTF: competitions")).to_be_visible()
    expect(page.locator(".brand img")).to_be_visible()
    expect(page).to_have_title("Look · Harvest CTF")

    for scheme in ("light", "dark"):
        with window(browser, arena.url, scheme=scheme) as visitor:
            visits(visitor, competition.id, filled="rgb(122, 31, 162)" if scheme == "light" else "")


def visits(visitor: Window, competition_id: str, *, filled: str) -> None:
    """Everything of the organiser's is there, and was when the page came; and leads on."""
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    page = visitor.open("/")
    expect(page.get_by_role("heading", name="Harvest CTF")).to_be_visible()
    expect(page.get_by_text("Welcome to the harvest.")).to_be_visible()
    expect(page.get_by_role("contentinfo")).to_have_text("By farmers.")
    assert not [url for url in asked if url.endswith("/branding")]
    button = page.get_by_role("main").get_by_role("link", name="Sign up")
    color = button.evaluate("(link) => getComputedStyle(link).backgroundColor")
    assert color == filled or not filled
    assert findings(page) == []
    page.get_by_role("link", name="Autumn Cup").click()
    page.wait_for_url(f"**/competitions/{competition_id}")
    expect(page.get_by_text("Be kind.")).to_be_visible()
    expect(page.get_by_text("Gold")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("link", name="Join").click()
    page.wait_for_url("**/register?back=*")


def test_visitors_do_not_learn_of_a_hidden_competition(arena: Arena, browser: Browser) -> None:
    hidden = arena.competition("notes", title="Secret Cup", access="private_hidden")
    with window(browser, arena.url) as visitor:
        page = visitor.open(f"/competitions/{hidden.id}")
        page.wait_for_url("**/login?back=*")
        assert "Secret Cup" not in page.content()
        visitor.complaints.clear()  # the browser notes the 404 in its console


def test_a_page_is_written_published_and_read(
    arena: Arena, browser: Browser, operator: Window, tmp_path: Path
) -> None:
    page = operator.open("/admin/pages/new")
    page.get_by_label("Title").fill("Sponsors")
    page.get_by_label("Address").fill("sponsors")
    page.get_by_label("Text").fill("![far](https://elsewhere.example/x.png) thank you")
    (tmp_path / "a[b].png").write_bytes(drawn())
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload an image").click()
    chooser.value.set_files(tmp_path / "a[b].png")
    page.get_by_role("button", name="Insert a[b].png").click()
    page.get_by_label("Status").select_option("published")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/admin/pages/[0-9a-f]{32}$"))
    with window(browser, arena.url) as visitor:
        page = visitor.open("/")
        page.get_by_role("banner").get_by_role("link", name="Sponsors").click()
        expect(page.get_by_role("heading", name="Sponsors")).to_be_visible()
        shown = page.get_by_role("main").get_by_role("img")
        expect(shown).to_have_count(1)
        expect(shown).to_have_attribute("alt", "ab.png")
        wait_for("the image", lambda: shown.evaluate("(image) => image.naturalWidth") == 40)
        expect(page.get_by_role("link", name="far")).to_have_attribute(
            "href", "https://elsewhere.example/x.png"
        )


def test_the_second_of_two_writers_is_told_and_merges(
    arena: Arena, browser: Browser, operator: Window
) -> None:
    pages = arena.admin.admin.pages
    made = pages.create(slug="rules", title="Rules", body="One.")
    page = operator.open(f"/admin/pages/{made.id}")
    page.get_by_label("Text").fill("Mine.")
    pages.update(made.id, version=1, title="House rules")  # beside it: both are kept
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Title")).to_have_value("House rules")
    wait_for("both", lambda: _saved(page, pages, made.id, "Mine."))
    assert pages.get(made.id).title == "House rules"
    page.get_by_label("Text").fill("Mine again.")
    pages.update(made.id, version=pages.get(made.id).version, body="Theirs.")
    expect(page.get_by_text("Somebody else has changed this meanwhile")).to_be_visible()
    expect(page.get_by_label("Theirs: Text")).to_have_text("Theirs.")
    page.get_by_role("button", name="Take theirs").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Theirs.")
    operator.complaints.clear()  # the browser notes a refusal in its console


def _saved(page: object, pages: object, page_id: str, text: str) -> bool:
    """Whether it is saved; else it is tried again, as whoever was told does."""
    if pages.get(page_id).body == text:  # type: ignore[attr-defined]
        return True
    save = page.get_by_role("button", name="Save")  # type: ignore[attr-defined]
    if save.is_enabled():
        save.click()
    return False


def test_the_events_name_is_seen_before_any_other_file_has_come(
    arena: Arena, browser: Browser, operator: Window
) -> None:
    arena.admin.admin.branding.update(event_name="Harvest <CTF>")
    page = browser.new_page()
    page.route("**/assets/**", lambda route: None)  # they never come
    wait_for("every process", lambda: _shell(page, arena.url) == "Harvest <CTF>")
    expect(page.locator(".shell header")).to_be_visible()
    page.close()


def _shell(page: Page, url: str) -> str:
    page.goto(url, wait_until="commit")
    return page.locator(".shell header").inner_text()
