"""A real browser, Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ctfy.sdk import PlatformClient
from tests.processes import PATIENCE_S, ROOT, wait_for

DESKTOP, PHONE = (1280, 800), (360, 740)
# Without these the browser asks for its maker's servers at every start.
_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# Starts it deaf to changes of the network, which tests beside these make.
_START = Path(__file__).parent / "deaf_chromium.py"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
expect.set_options(timeout=PATIENCE_S * 1000)


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_START, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Window:
    """A window of its own, as of another person; what its console complains of is kept."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, client: PlatformClient, password: str) -> Window:
        """Sign in as the client's person, as the sign-in page does."""
        body = {"email": client.me.get().email, "password": password}
        answer = self.context.request.post(
            f"{self.url}/api/v1/auth/login?as_cookie=true",
            data=body,
            headers={"Origin": self.url},
        )
        assert answer.ok, answer.text()
        return self


@contextlib.contextmanager
def window(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, scheme: str = "dark"
) -> Iterator[Window]:
    """A window; its console must stay silent."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        has_touch=size == PHONE,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    opened = Window(context, page, url)
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on(
        "console",
        lambda line: (
            opened.complaints.append(f"{line.text} {line.location.get('url', '')}")
            if line.type == "error"
            else None
        ),
    )
    try:
        yield opened
        assert not opened.complaints, opened.complaints
    finally:
        context.close()


def settled(page: Page, expression: str) -> None:
    """Wait until an expression is true on a page.

    Playwright's own wait looks again by `eval` in the page, which the page's policy forbids.
    """
    wait_for(expression, lambda: page.evaluate(expression))


def findings(page: Page) -> list[str]:
    """What axe finds on a page: anything at all."""
    page.evaluate(AXE.read_text())
    # A stylesheet that is not there yet would be fetched by axe and put into a style of its own,
    # which the page's policy forbids, and says so.
    settled(page, "[...document.querySelectorAll('link[rel=stylesheet]')].every(l => l.sheet)")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{issue['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for issue in found["violations"]
        for node in issue["nodes"]
    ]
