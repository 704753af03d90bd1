"""What people write never becomes code: not for players, not for operators, not on the wall."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from ctfy.sdk import PlatformClient
from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.playing import start
from tests.processes import wait_for
from tests.web.browser import window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-injection")]

# Each would call `alert`, leave the page or load something if it were taken for markup.
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "\"><iframe srcdoc='<script>parent.alert(1)</script>'>",
    "[press](javascript:alert(1))",
    "![look](x:y onerror=alert(1))",
)
TEXT = " ".join(HOSTILE)
SHORT = HOSTILE[0]


def test_whatever_people_write_stays_text(arena: Arena, browser: Browser) -> None:
    mark = uuid.uuid4().hex[:6]
    competition = arena.competition(
        "notes",
        "field-notes",
        title=f"{SHORT} {mark}",
        description=TEXT,
        brackets=[SHORT],
        rules=TEXT,
        prizes=TEXT,
    )
    admin = arena.admin.admin
    written = admin.pages.create(slug="hostile", title=SHORT, body=TEXT, status="published")
    admin.branding.update(event_name=f'{SHORT[:50]} "', landing_text=TEXT, footer_text=TEXT)
    with window(browser, arena.url) as mine:
        alerts: list[str] = []
        mine.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        page = mine.open("/register")
        page.get_by_label("Display name").fill(SHORT)
        page.get_by_label("E-mail").fill(f"{uuid.uuid4().hex}@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_role("button", name="Account of")).to_be_visible()
        mine.open("/settings")
        page.get_by_label("Bio", exact=True).first.fill(TEXT)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved")).to_be_visible()
        for field, value in (
            ("Time zone", SHORT),
            ("Website", "javascript:alert(1)"),
            ("Website", f'https://example.org/"{SHORT}'),
            ("Links", "me javascript:alert(1)"),
            ("Links", f'{SHORT.replace(" ", "/")} https://example.org/"{SHORT.replace(" ", "/")}'),
        ):
            mine.open("/settings")  # what was refused before is forgotten
            page.get_by_label(field, exact=True).first.fill(value)
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_text(re.compile("^(Saved|That did not work)$"))).to_be_visible()
        mine.complaints.clear()  # the browser notes the refusals in its console
        mine.open(f"/competitions/{competition.id}")
        page.get_by_label("Team name").fill(f"{SHORT[:50]} {mark}")
        page.get_by_role("button", name="Create the team").click()
        page.wait_for_url("**/challenges")
        page.get_by_role("tab", name="Team").click()
        page.get_by_label("Description").fill(TEXT)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved")).to_be_visible()
        mine.open("/settings?tab=tokens")
        page.get_by_label("Label").fill(SHORT)
        page.get_by_role("button", name="Make a token").click()
        token = page.locator("code").first.inner_text()

        # The rest of what can be written: answers, requests to a service, an operator's words.
        player = PlatformClient(arena.url, token)
        ready = start(player, competition.id)
        service = ready.surface.services[0].url
        httpx.get(service, params={"q": TEXT}, headers={"X-Hostile": SHORT, "User-Agent": SHORT})
        httpx.post(service, content=TEXT)
        player.submissions.submit(ready.id, TEXT)
        player.submissions.submit_qa("field-notes", competition.id, "hello")
        me = page.evaluate("fetch('/api/v1/me').then((answer) => answer.json())")
        team_id = me["competition_teams"][0]["team_id"]
        arena.admin.admin.announcements.create(title=SHORT, body=TEXT)
        node = arena.admin.nodes.list()[0]
        arena.admin.admin.nodes.patch(node.id, display_name=SHORT, labels={"about": SHORT})
        with window(browser, arena.url) as visitor:
            visitor.page.on("dialog", lambda dialog: alerts.append(dialog.message))
            for path in ("/", "/pages/hostile", f"/competitions/{competition.id}"):
                inert(visitor.open(path), alerts)
        for path in (
            *("/", "/inbox", "/scoreboard", "/scoreboard?tab=people", "/settings?tab=sessions"),
            f"/competitions/{competition.id}",
            f"/competitions/{competition.id}/challenges/notes",
            f"/competitions/{competition.id}/scoreboard",
            f"/competitions/{competition.id}/scoreboard?tab=matrix",
            f"/competitions/{competition.id}/scoreboard?tab=graph",
            f"/competitions/{competition.id}/team",
            *(f"/teams/{team_id}", f"/users/{me['id']}", f"/wall/{competition.id}", "/wall"),
        ):
            inert(mine.open(path), alerts)

        with window(browser, arena.url) as operator:
            operator.page.on(
                "dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss())
            )
            operator.sign_in(arena.admin, PASSWORD)
            page = operator.open(f"/admin/instances/{ready.id}")
            page.get_by_role("button", name="GET").first.click()
            expect(page.get_by_role("region", name="Request")).to_contain_text(SHORT)
            inert(page, alerts)
            player.instances.stop(ready.id)
            records = arena.admin.admin.records
            wait_for("the archive", lambda: records.get(ready.id).artifacts.archived_at > 0)
            for path in (
                *("/admin", "/admin/competitions", "/admin/users", "/admin/announcements"),
                *(
                    "/admin/nodes",
                    f"/admin/nodes/{node.id}",
                    "/admin/activity",
                    "/admin/instances",
                    "/admin/records",
                ),
                f"/admin/competitions/{competition.id}",
                f"/admin/competitions/{competition.id}?tab=teams",
                *("/admin/look", "/admin/pages", f"/admin/pages/{written.id}"),
                *(f"/admin/users/{me['id']}", f"/admin/teams/{team_id}", "/admin/incidents"),
                f"/admin/records/{ready.id}?tab=submissions",
                f"/admin/records/{ready.id}?tab=traffic",
            ):
                inert(operator.open(path), alerts)
        arena.admin.admin.nodes.patch(node.id, display_name="node", labels={})
        admin.pages.delete(written.id)
        admin.branding.update(event_name=None, landing_text=None, footer_text=None)


def inert(page: Page, alerts: list[str]) -> None:
    page.locator("main, .wall").first.wait_for()
    expect(page.get_by_label("Loading")).to_have_count(0)
    made = page.evaluate(
        """() => document.querySelectorAll(
             'main script, main iframe, main img[src="x"], main svg[onload], [onerror], '
             + 'a[href^="javascript"]').length"""
    )
    assert made == 0, page.url
    assert alerts == [], page.url
