"""Every player method of the SDK against a live server, for both clients.

One story, told once. It is driven through `Client`, which calls the synchronous client directly and
waits for the asynchronous one, and notes every method called: at the end none may be missing.
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ctfy.sdk import PlatformClient
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.sdk.competition import Competition
from ctfy.sdk.competition.team import CompetitionInvites, CompetitionRequests, CompetitionTeam
from ctfy.sdk.competition.writeups import CompetitionWriteups
from ctfy.sdk.resources import (
    achievements,
    activities,
    auth,
    challenges,
    competitions,
    instances,
    me,
    nodes,
    scoreboard,
    submissions,
    teams,
    users,
    writeups,
)
from ctfy.server.accounts.totp import code_at
from tests.conftest import PASSWORD, Arena
from tests.hostile_images import drawn
from tests.playing import flag
from tests.processes import wait_for
from tests.sdk.both_clients import Client, Loop, assert_iterates, public_methods, refused

CLASSES = [
    PlatformClient,
    Competition,
    CompetitionTeam,
    CompetitionInvites,
    CompetitionRequests,
    CompetitionWriteups,
    *(
        cls
        for module in (
            achievements,
            activities,
            auth,
            challenges,
            competitions,
            instances,
            me,
            nodes,
            scoreboard,
            submissions,
            teams,
            users,
            writeups,
        )
        for name, cls in vars(module).items()
        if name.endswith("Resource")
    ),
]
# Driven elsewhere, because they need what this story has not: a provider, a mail server.
ELSEWHERE = {
    "AuthResource.forgot_password": "tests/server/test_mail.py",
    "AuthResource.reset_password": "tests/server/test_mail.py",
    "AuthResource.send_verification": "tests/server/test_mail.py",
    "AuthResource.verify_email": "tests/server/test_mail.py",
    "AuthResource.start_oauth_link": "tests/server/test_oauth.py",
    "AuthResource.unbind_identity": "tests/server/test_oauth.py",
    "AuthResource.delete_password": "tests/server/test_oauth.py",
}


class World:
    """Makes the clients of one story."""

    def __init__(self, kind: str, arena: Arena) -> None:
        self.kind, self.arena = kind, arena
        self.called: set[str] = set()
        self.loop = Loop() if kind == "async" else None

    def client(self, token: str = "") -> Any:
        made: Any = PlatformClient if self.kind == "sync" else AsyncPlatformClient
        return Client(made(self.arena.url, token, max_retries=0), self.called, self.loop)

    def player(self, name: str) -> Any:
        email = f"{name.lower()}-{datetime.now().timestamp()}@example.org"
        return self.client(self.client().auth.register(email, PASSWORD, name).token)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_players_whole_story(kind: str, arena: Arena, secret: bytes) -> None:
    world = World(kind, arena)
    competition = arena.competition(starts_at=datetime.now(UTC) - timedelta(hours=1))
    ada, bob = world.player("Ada"), world.player("Bob")
    signing_in(world, ada)
    profile(ada, bob)
    captain = forming_a_team(world, ada, bob, competition.id)
    board = catalogue(ada, competition.id)
    playing(ada, competition.id, secret, board)
    writing(ada, arena, competition.id)
    standings(ada, competition.id)
    honours(ada, competition.id)
    news(ada, arena)
    about_the_server(ada)
    visiting(ada, arena, competition.id)
    going(world, ada, bob, competition.id, captain)
    missing = public_methods(CLASSES) - world.called - ELSEWHERE.keys()
    assert missing == set()


def signing_in(world: World, ada: Any) -> None:
    assert ada.auth.providers().password_auth.enabled
    assert ada.auth.registration_challenge().bits == 0
    email = ada.me.get().email
    session = world.client(ada.auth.login(email, PASSWORD).token)
    ada.auth.set_password("another-long-secret", PASSWORD)
    assert refused(session.me.get) == "unauthorized"
    assert refused(ada.auth.set_password, PASSWORD, "wrong") == "wrong_current_password"
    assert {s.key for s in ada.auth.token_scopes().categories} > {"challenges", "tokens"}
    token = ada.auth.mint_token("harness", 30, permissions={"profile": "read"})
    assert token.token.startswith("pf_")
    assert world.client(token.token).me.get().token_kind == "fine_grained"
    assert "harness" in [t.label for t in ada.auth.list_tokens()]
    ada.auth.revoke_token(token.id)
    assert refused(world.client(token.token).me.get) == "unauthorized"
    assert ada.auth.list_identities() == []
    second_factor(world, ada, email)
    code = ada.auth.device_code()
    assert ada.auth.device_token(code.device_code).status == "pending"
    assert ada.auth.device_info(code.user_code).status == "pending"
    assert ada.auth.approve_device(code.user_code.lower()).status == "approved"
    granted = ada.auth.device_token(code.device_code)
    assert granted.status == "approved"
    assert world.client(granted.token).me.get().email == email
    assert refused(ada.auth.device_token, code.device_code) == "device_code_invalid"
    other = ada.auth.device_code()
    assert ada.auth.deny_device(other.user_code).status == "denied"
    assert ada.auth.device_token(other.device_code).status == "denied"
    brief = world.client(ada.auth.login(email, "another-long-secret").token)
    brief.auth.logout()
    assert refused(brief.me.get) == "unauthorized"
    ada.auth.revoke_other_tokens()
    assert refused(world.client(granted.token).me.get) == "unauthorized"


def second_factor(world: World, ada: Any, email: str) -> None:
    password = "another-long-secret"
    key = base64.b32decode(ada.auth.set_up_totp(password).secret)
    first, *_ = ada.auth.confirm_totp(code_at(key, int(time.time()) // 30))
    assert ada.auth.totp().enabled
    assert refused(world.client().auth.login, email, password) == "totp_required"
    assert world.client().auth.login(email, password, totp_code=first).token
    code = code_at(key, int(time.time()) // 30 + 1)
    assert not ada.auth.disable_totp(code, password).enabled


def profile(ada: Any, bob: Any) -> None:
    mine = ada.me.update_profile(
        bio="I break things", country="FR", social_links={"github": "ada"}, timezone="Europe/Paris"
    )
    assert (mine.bio, mine.country) == ("I break things", "FR")
    assert bob.users.get(mine.id).country == "FR"
    assert ada.me.update_visibility({"country": False}).profile_visibility["country"] is False
    assert bob.users.get(mine.id).country is None
    assert bob.users.get(mine.id).bio == "I break things"
    assert ada.users.get(mine.id).country == "FR"
    # A picture, and what the platform asks, which is nothing here.
    assert bob.users.get(mine.id).avatar_url == ""
    assert bob.users.get(mine.id).fields == []
    assert ada.me.set_avatar(drawn()).url == bob.users.get(mine.id).avatar_url
    ada.me.remove_avatar()
    assert (ada.site.fields(), ada.me.fields()) == ([], [])
    assert refused(ada.me.answer, {"shirt": "M"}) == "field_invalid"


def forming_a_team(world: World, ada: Any, bob: Any, competition_id: str) -> str:
    comp = ada.competition(competition_id)
    team = comp.register("create", name="Null Pointers", description="We follow them")
    assert team.captain_display_name == "Ada"
    assert comp.search_teams("null")[0].id == team.id
    assert ada.competitions.get(competition_id).my_role == "captain"
    assert competition_id in [c.id for c in ada.competitions.list(phase="running", limit=1000)]
    assert competition_id in [c.id for c in ada.competitions.iterate(phase="running")]
    renamed = comp.team.rename(name="Segmentation Faults")
    assert renamed.name == "Segmentation Faults"
    assert comp.team.set_logo(drawn()).logo_url
    assert comp.team.remove_logo().logo_url == ""
    assert comp.fields() == []
    assert refused(comp.answer, {"shirt": "M"}) == "field_invalid"
    # By code.
    code = comp.team.invites.create(max_uses=2)
    carol = world.player("Carol")
    assert carol.competition(competition_id).register("join", code=code.code).member_count == 2
    comp.team.kick(carol.me.get().id)
    assert ada.teams.get(team.id).member_count == 1
    comp.team.invites.revoke(code.id)
    assert refused(carol.competition(competition_id).register, "join", code=code.code) == (
        "invite_not_found"
    )
    # By a direct invite.
    invite = comp.team.invites.send(bob.me.get().email)
    assert [i.id for i in bob.me.inbox().incoming_invites] == [invite.id]
    bob.competition(competition_id).decline_invite(invite.id)
    again = comp.team.invites.send(bob.me.get().email)
    assert bob.competition(competition_id).accept_invite(again.id).member_count == 2
    assert "declined" in [i.status for i in comp.team.invites.list()]
    assert_iterates(comp.team.invites)
    # By request.
    asked = carol.competition(competition_id).request_to_join(team.id)
    assert [r.id for r in ada.me.inbox().captain_requests] == [asked.id]
    comp.team.requests.reject(asked.id)
    asked = carol.competition(competition_id).request_to_join(team.id)
    assert comp.team.requests.approve(asked.id).member_count == 3
    carol.competition(competition_id).team.leave()
    assert comp.team.hand_over(bob.me.get().id).captain_display_name == "Bob"
    assert bob.competition(competition_id).team.hand_over(ada.me.get().id).captain_user_id == (
        ada.me.get().id
    )
    assert ada.teams.list(limit=10_000)
    assert next(iter(ada.teams.iterate()))
    return str(team.id)


def catalogue(ada: Any, competition_id: str) -> list[str]:
    comp = ada.competition(competition_id)
    listed = comp.challenges()
    assert [c.id for c in listed] == comp.detail().challenge_ids
    assert comp.id == competition_id
    locked = {c.id: c.unlocked_by for c in listed if c.locked}
    assert locked == {"last-page": ["field-notes"]}
    assert next(c for c in listed if c.id == "last-page").description == ""
    assert {c.difficulty for c in ada.challenges.list("easy")} == {"easy"}
    assert_iterates(ada.challenges, "easy", competition_id=competition_id)
    assert "notes" in [c.id for c in ada.challenges.list(q="pocket", status="unsolved")]
    assert ada.challenges.get("notes").name == "Pocket Notes"
    facets = ada.challenges.facets(competition_id=competition_id)
    assert facets.total == len(listed)
    assert {f.value: f.solved for f in facets.status} == {"unsolved": 0}
    files = ada.challenges.attachments("field-notes").files
    assert [f.name for f in files] == ["notebook.txt"]
    content = ada.challenges.download_attachment("field-notes", "notebook.txt")
    assert len(content) == files[0].size
    assert refused(ada.challenges.image, "field-notes", "map.png") == "image_not_found"
    assert refused(ada.challenges.attachments, "last-page") == "challenge_locked"
    hints = comp.hints("notes")
    assert [(h.id, h.text) for h in hints] == [("where", ""), ("how", "")]
    assert "search box" in comp.unlock_hint("notes", "where").text
    assert comp.hints("notes")[0].unlocked
    return [c.id for c in listed]


def playing(ada: Any, competition_id: str, secret: bytes, board: list[str]) -> None:
    ready = ada.instances.start("notes", competition_id=competition_id, poll_interval=0.2)
    assert ready.surface.services[0].url.startswith("http://")
    assert ada.instances.status(ready.id).status == "ready"
    assert [q.id for q in ada.instances.iter_pending_questions(ready.id)] == ["flag"]
    assert ready.id in [i.id for i in ada.instances.list(challenge_id="notes")]
    assert ready.id in [i.id for i in ada.instances.iterate("notes")]
    assert ada.instances.renew(ready.id, 600).id == ready.id
    assert ada.instances.attachments(ready.id).files == []
    assert refused(ada.instances.openvpn_config, ready.id) == "openvpn_config_not_available"
    assert isinstance(ada.instances.traffic(ready.id)["items"], list)
    assert ada.instances.har(ready.id)["log"]["version"] == "1.2"
    wrong = "FLAG{" + "0" * 32 + "}"
    assert not ada.submissions.verify(ready.id, wrong).correct
    assert not ada.submissions.submit(ready.id, wrong).correct
    right = ada.submissions.submit(ready.id, flag(secret, ready.id))
    assert (right.correct, right.challenge_fully_solved, right.solve_rank) == (True, True, 1)
    assert list(ada.instances.iter_pending_questions(ready.id)) == []
    assert [s.correct for s in ada.submissions.list("notes")] == [True, False]
    assert_iterates(ada.submissions, "notes")
    relay = ada.instances.start("relay-station", competition_id=competition_id, poll_interval=0.2)
    name = ada.instances.attachments(relay.id).files[0].name
    assert ada.instances.download_attachment(relay.id, name)
    assert ada.instances.get(relay.id).status == "ready"
    ada.instances.stop(relay.id)
    ada.instances.stop(ready.id)
    qa = ada.submissions.list_qa_challenges(competition_id)
    assert [c.id for c in qa] == ["field-notes"]
    assert ada.submissions.submit_qa("field-notes", competition_id, "hello").correct
    wait_for(
        "the board",
        lambda: (
            ada.submissions.list_qa_challenges(competition_id)[0].solved_question_ids == ["answer"]
        ),
    )
    assert [s.challenge_id for s in ada.me.solves()] == ["notes"]
    progress = {p.challenge_id: p for p in ada.me.milestone_progress(competition_id=competition_id)}
    assert progress["field-notes"].solved_question_ids == ["answer"]
    tries = ada.challenges.solve_attempts("notes", include_unsolved=True)
    mine = next(a for a in tries.attempts if a.instance_id == ready.id)
    assert (mine.attempts, mine.solved, mine.team_name) == (2, True, "Segmentation Faults")
    assert ada.challenges.add_reaction("notes", "learned").reactions == ["learned"]
    assert ada.challenges.add_reaction("notes", "buggy").reactions == ["learned", "buggy"]
    ada.challenges.remove_reaction("notes", "learned")
    assert ada.challenges.my_reactions("notes").reactions == ["buggy"]
    assert ada.challenges.feedback_stats("notes").counts["buggy"] >= 1
    ada.challenges.clear_reactions("notes")
    assert ada.challenges.my_reactions("notes").reactions == []


def writing(ada: Any, arena: Arena, competition_id: str) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    arena.admin.admin.competitions.update(competition_id, writeups_until=until)
    writeups = ada.competition(competition_id).writeups
    paper = writeups.hand_in_pdf("notes", io.BytesIO(b"%PDF-1.7\n%%EOF\n"))
    assert ada.writeups.pdf(paper.id).startswith(b"%PDF-")
    assert writeups.hand_in("notes", "By **counting**.").id == paper.id
    assert ada.writeups.get(paper.id).text == "By **counting**."
    found = {item.challenge_id: item.writeup for item in writeups.of_team().items}
    assert found["notes"].id == paper.id
    assert writeups.list("notes") == list(writeups.iterate("notes")) == []


def standings(ada: Any, competition_id: str) -> None:
    comp = ada.competition(competition_id)
    entry = comp.scoreboard()[0]
    assert (entry.rank, entry.team_name, entry.solved, entry.flags_solved) == (
        1,
        "Segmentation Faults",
        1,
        2,
    )
    # A third of field-notes' 100, all of notes' 500, less the hint's 25.
    assert entry.points == 500 + 33 - 25
    history = comp.score_history(top=3).series[0]
    assert [(p.score, p.rank) for p in history.points] == [(1, 1), (2, 1)]
    bins = comp.score_distribution()
    assert (bins.total_teams, sum(b.count for b in bins.bins)) == (1, 1)
    cell = next(c for c in comp.solve_matrix().cells if c.challenge_id == "notes")
    assert (cell.solved, cell.attempts, cell.first_blood) == (True, 2, True)
    row = next(c for c in comp.challenge_breakdown().challenges if c.challenge_id == "notes")
    assert (row.solves_count, row.attempts, row.success_rate) == (1, 2, 0.5)
    assert row.first_blood_team_name == "Segmentation Faults"
    ctftime = comp.ctftime()
    assert (ctftime.standings[0].pos, ctftime.standings[0].score) == (1, 2.0)
    team = ada.competitions.get(competition_id).my_team_id
    wait_for("it", lambda: team in [e.team_id for e in ada.scoreboard.get(limit=10_000)])
    assert team in [e.team_id for e in ada.scoreboard.get("web", limit=10_000)]
    assert "notes" in [s.challenge_id for s in ada.scoreboard.challenge_stats()]
    user = ada.me.get()
    wait_for("it", lambda: user.id in [u.user_id for u in ada.scoreboard.users(limit=10_000)])
    entry = next(u for u in ada.scoreboard.users(limit=10_000) if u.user_id == user.id)
    assert (entry.flags_solved, entry.solved, entry.country) == (2, 1, "")  # the country is hidden
    assert isinstance(ada.scoreboard.history(team_id=team), list)
    stats = ada.teams.profile_stats(team)
    assert {d.difficulty: d.solved for d in stats.by_difficulty}["easy"] >= 1
    assert sum(p.solves for p in ada.users.solve_trend(user.id).solve_trend) == 2
    assert sum(b.count for b in ada.users.profile_stats(user.id).calendar) == 3
    assert (user.solves, user.attempts) == (1, 3)


def honours(ada: Any, competition_id: str) -> None:
    team = ada.competitions.get(competition_id).my_team_id
    wait_for(
        "first blood",
        lambda: "first_blood_team" in [a.achievement_id for a in ada.teams.achievements(team)],
    )
    assert ada.teams.awards(team) == []
    catalog = {a.id: a for a in ada.achievements.catalog()}
    assert catalog["decathlete"].progress.current == 1
    assert "secret_handshake" not in catalog
    assert team in [u.team_id for u in ada.achievements.recent_unlocks(limit=1000)]
    egg = ada.achievements.claim_easter_egg("konami", competition_id)
    assert egg.achievement.achievement_id == "secret_handshake"
    assert "secret_handshake" in {a.id for a in ada.achievements.catalog()}
    mine = ada.me.achievements(competition_id)
    assert mine.summary.unlocked_count == len(mine.unlocked) > 2
    assert "Link your GitHub" in ada.me.verify_star_gazer(competition_id).reason


def news(ada: Any, arena: Arena) -> None:
    admin = arena.admin
    made = admin.call("POST", "/admin/announcements", json={"title": "Lunch"}).json()
    second = admin.call("POST", "/admin/announcements", json={"title": "Tea"}).json()
    unread = lambda: {a.id for a in ada.me.inbox().announcements if not a.is_read}  # noqa: E731
    assert {made["id"], second["id"]} <= unread()
    ada.me.read_announcement(made["id"])
    assert made["id"] not in unread()
    ada.me.read_all_announcements()
    assert unread() == set()
    for one in (made, second):
        admin.call("DELETE", f"/admin/announcements/{one['id']}")
    team = ada.me.get().competition_teams[0].team_id
    events = [a.event for a in ada.activities.list(team_id=team)]
    assert {a.event for a in ada.activities.iterate(team_id=team)} >= set(events)
    assert {"flag_correct", "flag_wrong", "instance_started", "team_registered"} <= set(events)
    counted = ada.activities.timeseries(team_id=team, window=3600, bucket=60)
    assert sum(b.counts.get("flag_wrong", 0) for b in counted.buckets) == 1
    following(ada)


def following(ada: Any) -> None:
    """The stream begins where it is opened, so the team is renamed until its news comes in."""
    over = threading.Event()

    def rename() -> None:
        team = ada.competition(ada.me.get().competition_teams[0].competition_id).team
        while not over.wait(0.2):
            team.rename(description="We follow them, too")

    thread = threading.Thread(target=rename)
    thread.start()
    try:
        for event in ada.events():
            if event["event"] == "team_profile_updated":
                assert event["data"]["team_name"] == "Segmentation Faults"
                break
    finally:
        over.set()
        thread.join()


def about_the_server(ada: Any) -> None:
    assert ada.health().status == "ok"
    assert ada.get_meta().version.startswith("0.6.")
    assert ada.cluster_info().platform_url.startswith("http")
    assert ada.check_server_compatibility().compatible
    assert ada.nodes.list()
    assert list(ada.nodes.iterate())


def visiting(ada: Any, arena: Arena, competition_id: str) -> None:
    admin = arena.admin.admin
    page = admin.pages.create(slug="sponsors", title="Sponsors", status="published")
    image = admin.images.upload(drawn())
    assert ada.site.branding().event_name == "ctfy"
    assert ada.site.page("sponsors").title == "Sponsors"
    assert [found.slug for found in ada.site.pages()] == ["sponsors"]
    assert [found.slug for found in ada.site.iterate_pages()] == ["sponsors"]
    assert ada.site.competition(competition_id).id == competition_id
    assert ada.site.image(image.id)[:4] == drawn()[:4]
    admin.pages.delete(page.id)
    admin.images.delete(image.id)


def going(world: World, ada: Any, bob: Any, competition_id: str, team_id: str) -> None:
    exported = json.loads(ada.me.export_account())
    assert exported["account"]["bio"] == "I break things"
    assert len(exported["submissions"]) == 3
    assert "password_hash" not in exported["account"]
    assert refused(ada.me.delete_account, "Eve") == "wrong_confirmation"
    identity = ada.me.get().id
    ada.me.delete_account("Ada")
    assert refused(ada.me.get) == "unauthorized"
    assert refused(bob.users.get, identity) == "user_not_found"
    team = bob.teams.get(team_id)
    assert (team.captain_display_name, team.member_count) == ("Bob", 1)
    assert len(bob.submissions.list()) == 3
    world.client().close()
