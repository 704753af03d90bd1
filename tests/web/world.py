"""A platform on which something happened, so that every page has something to show."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from ctfy.sdk import PlatformClient
from tests.conftest import Arena
from tests.hostile_images import drawn
from tests.playing import start
from tests.processes import CHALLENGES, ROOT, wait_for

_ROUTER = ROOT / "frontend" / "src" / "router.tsx"


@dataclass
class World:
    """Ids of what there is, by the names that the router gives them."""

    player: PlatformClient
    ids: dict[str, str]

    def pages(self, who: str) -> list[str]:
        """The addresses that a visitor, a player or an operator opens."""
        given = {
            "visitor": [
                *("/", "/login", "/register", "/forgot", "/reset-password#token=x"),
                "/set-password#token=x",
                *("/scoreboard", "/wall", "/wall/{competitionId}", "/teams/{teamId}", "/nowhere"),
                *("/competitions/{competitionId}", "/pages/{slug}"),
            ],
            "player": [
                "/",
                "/competitions/{openId}",
                "/competitions/{competitionId}",
                "/competitions/{competitionId}/challenges",
                "/competitions/{competitionId}/challenges?view=list",
                "/competitions/{competitionId}/challenges/{challengeId}",
                "/competitions/{competitionId}/challenges/{challengeId}?tab=writeups",
                "/competitions/{competitionId}/challenges/field-notes",
                "/competitions/{competitionId}/scoreboard",
                "/competitions/{competitionId}/scoreboard?tab=graph",
                "/competitions/{competitionId}/scoreboard?tab=graph&compare={teamId}",
                "/competitions/{competitionId}/scoreboard?tab=matrix",
                "/competitions/{competitionId}/scoreboard?tab=challenges",
                "/competitions/{competitionId}/team",
                *("/device", "/challenges/last-page", "/users/{userId}"),
                *("/achievements", "/inbox", "/settings", "/settings?tab=tokens"),
                *("/settings?tab=sessions", "/settings?tab=signing-in", "/settings?tab=data"),
                "/scoreboard?tab=people",
                "/scoreboard?tab=challenges",
            ],
            "operator": [
                *("/admin", "/admin/competitions", "/admin/competitions/new"),
                "/admin/competitions/{competitionId}",
                "/admin/competitions/{competitionId}?tab=challenges",
                "/admin/competitions/{competitionId}?tab=fields",
                "/admin/competitions/{competitionId}?tab=teams",
                "/admin/competitions/{competitionId}?tab=submissions",
                "/admin/competitions/{competitionId}?tab=submissions&challenge=notes",
                "/admin/competitions/{competitionId}?tab=writeups",
                "/admin/competitions/{competitionId}?tab=writeups&view=missing",
                "/admin/competitions/{competitionId}?tab=writeups&writeup={writeupId}",
                "/admin/competitions/{competitionId}?tab=people",
                *("/admin/challenges", "/admin/challenges/{challengeId}", "/admin/new-challenge"),
                "/admin/challenges/{challengeId}?tab=edit",
                "/admin/challenges/{challengeId}?tab=files",
                "/admin/challenges/{challengeId}?tab=versions",
                *("/admin/instances", "/admin/instances/{runningId}"),
                "/admin/instances/{runningId}?tab=log",
                "/admin/instances/{runningId}?tab=shell",
                *("/admin/records", "/admin/records/{instanceId}"),
                "/admin/records/{instanceId}?tab=submissions",
                "/admin/records/{instanceId}?tab=traffic",
                "/admin/records/{instanceId}?tab=log",
                *("/admin/nodes", "/admin/nodes/{nodeId}", "/admin/tasks", "/admin/tasks/{taskId}"),
                *("/admin/jobs", "/admin/users", "/admin/users/{userId}", "/admin/teams/{teamId}"),
                *("/admin/imports", "/admin/imports/{importId}", "/admin/imports/{importId}/cards"),
                *("/admin/announcements", "/admin/incidents", "/admin/settings"),
                *("/admin/activity", "/admin/shells", "/admin/look"),
                *("/admin/notifications", "/admin/mail"),
                *("/admin/pages", "/admin/pages/new", "/admin/pages/{pageId}"),
            ],
        }
        return [address.format(**self.ids) for address in given[who]]

    def named(self, path: str) -> str:
        """An address with the names of what its ids stand for."""
        for name, id_ in self.ids.items():
            path = path.replace(f"/{id_}", f"/{name.removesuffix('Id')}")
        return path

    def uncovered(self, seen: set[str]) -> set[str]:
        """The router's addresses that none of those is."""
        declared = set(re.findall(r'path: "([^"]+)"', _ROUTER.read_text()))
        known = {re.sub(r"\$\w+", "*", path) for path in declared}
        found = {self._pattern(path) for path in seen}
        # A relative one stands below its parent; mailed links and recordings have tests of theirs.
        apart = {"$", "/competitions", "/verify-email", "/shells/*"}
        return {p for p in known if not any(f == p or f.endswith(p) for f in found)} - apart

    def _pattern(self, path: str) -> str:
        ids = {*self.ids.values(), "field-notes", "last-page"}
        parts = path.partition("#")[0].split("/")
        return "/".join("*" if part in ids else part for part in parts)


@contextlib.contextmanager
def make_world(arena: Arena) -> Iterator[World]:
    """Competitions, teams, solves, traffic, a record, an incident, words; one instance runs."""
    ends = datetime.now(UTC) + timedelta(days=2)
    competition = arena.competition(
        title="Winter Cup",
        description="Two days, **five** challenges, one winner.",
        rules="- Be kind.",
        prizes="1. The cup",
        rank_by="points",
        first_blood_bonus=25,
        ends_at=ends,
        writeups_until=ends,
    )
    opened = arena.competition("notes", title="Open Practice", brackets=["open", "students"])
    player = arena.registered(competition, "Ada")
    for name in ("Grace", "Edsger", "Barbara"):
        other = arena.registered(competition, name)
        other.submissions.submit_qa("field-notes", competition.id, "hello")
    first = start(player, competition.id)
    address = first.surface.services[0].url
    httpx.get(f"{address}?q=first")
    solver = [sys.executable, str(CHALLENGES / "notes" / "solve.py"), address]
    flag = subprocess.run(solver, capture_output=True, text=True, check=True).stdout.strip()
    player.submissions.submit(first.id, "FLAG{not-it}")
    player.submissions.submit(first.id, flag)
    player.instances.stop(first.id)
    written = player.competition(competition.id).writeups.hand_in("notes", "By **counting**.")
    second = start(player, competition.id)
    httpx.get(f"{second.surface.services[0].url}?q=second")
    admin = arena.admin.admin
    wait_for("the archive", lambda: admin.records.get(first.id).artifacts.archived_at > 0)
    admin.notifications.create(
        name="Cup chat",
        kind="webhook",
        address="http://127.0.0.2:9/hook",
        events=["first_blood", "announcement_created"],
        competition_id=opened.id,
        enabled=False,
    )
    asked = {"kind": "choice", "options": ["S", "M"], "public": True}
    admin.fields.create("shirt", "T-shirt", competition_id=competition.id, **asked)
    admin.fields.create("motto", "Motto", maximum=500, competition_id=opened.id)
    newsletter = admin.fields.create("newsletter", "Send me the newsletter", kind="consent")
    player.competition(competition.id).answer({"shirt": "M"})
    player.competition(competition.id).team.set_logo(drawn())
    player.me.set_avatar(drawn())
    admin.announcements.create(title="Welcome", body="Read the **rules**.")
    image = admin.images.upload(drawn(), name="cup.png")
    code = admin.pages.create(
        slug="conduct",
        title="Code of conduct",
        body=f"Be **kind**.\n\n![The cup]({image.url})",
        status="published",
    )
    admin.branding.update(footer_text="By *us*.")
    task = admin.scheduled_jobs.run("retention_sweep")
    admin.tasks.wait(task.id)
    file = admin.people_imports.check(b"name,email\nMary,mary@example.org\nNobody,\n")
    admin.tasks.wait(admin.people_imports.apply(file.id, rows="right").id)
    me = player.me.get()
    yield World(
        player,
        {
            "competitionId": competition.id,
            "openId": opened.id,
            "challengeId": "notes",
            "teamId": me.competition_teams[0].team_id,
            "userId": me.id,
            "instanceId": first.id,
            "runningId": second.id,
            "writeupId": written.id,
            "nodeId": arena.admin.nodes.list()[0].id,
            "taskId": task.id,
            "slug": code.slug,
            "pageId": code.id,
            "importId": file.id,
        },
    )
    admin.fields.delete(newsletter.id, force=True)
    admin.branding.update(footer_text=None)
    admin.pages.delete(code.id)
    with contextlib.suppress(Exception):  # what runs must not fill the node for others
        player.instances.stop(second.id)
