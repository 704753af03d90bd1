"""What operators do to people and competitions, and what comes of it."""

from __future__ import annotations

import threading

import httpx
import pytest

from ctfy.sdk import CtfyApiError, PlatformClient
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena, sign_in
from tests.playing import flag, start
from tests.processes import wait_for
from tests.refusals import refusal


def test_a_suspended_persons_instances_end_and_their_team_is_hidden(
    arena: Arena, secret: bytes
) -> None:
    competition = arena.competition("notes")
    cheat, fair = arena.registered(competition, "Cheat"), arena.registered(competition, "Fair")
    for player in (cheat, fair):
        ready = start(player, competition.id)
        assert player.submissions.submit(ready.id, flag(secret, ready.id)).correct
    token = cheat.auth.mint_token("harness").token
    comp = fair.competition(competition.id)
    assert [e.rank for e in comp.scoreboard()] == [1, 2]
    running = cheat.instances.list()[0].id
    user_id = cheat.me.get().id
    arena.admin.admin.users.suspend(user_id, reason="shared answers")
    assert refusal(cheat.me.get).code == "unauthorized"
    with PlatformClient(arena.url, token, max_retries=0) as harness:
        assert refusal(harness.me.get).code == "account_suspended"
    wait_for("the end", lambda: arena.admin.admin.instances.get(running).status == "stopped")
    assert arena.admin.admin.instances.get(running).stop_reason == "user_suspended"
    wait_for("the standings", lambda: len(comp.scoreboard()) == 1)
    assert comp.scoreboard()[0].rank == 1
    assert user_id not in [u.user_id for u in fair.scoreboard.users(limit=10_000)]
    arena.admin.admin.users.reinstate(user_id)
    wait_for("the standings", lambda: len(comp.scoreboard()) == 2)
    with PlatformClient(arena.url, token, max_retries=0) as harness:
        assert harness.me.get().id == user_id


def test_a_team_with_somebody_left_stays(arena: Arena) -> None:
    competition = arena.competition("notes")
    ada, bob = arena.player("Ada"), arena.player("Bob")
    comp = ada.competition(competition.id)
    comp.register("create", name="Two")
    code = comp.team.invites.create().code
    bob.competition(competition.id).register("join", code=code)
    arena.admin.admin.users.suspend(bob.me.get().id)
    assert [e.team_name for e in comp.scoreboard()] == ["Two"]


def test_an_administrator_suspends_players_only(arena: Arena) -> None:
    deputy, other, player = arena.deputy(), arena.deputy("Other"), arena.player()
    assert refusal(deputy.admin.users.suspend, other.me.get().id).code == "forbidden"
    assert refusal(deputy.admin.users.set_role, player.me.get().id, "admin").code == "forbidden"
    assert deputy.admin.users.suspend(player.me.get().id).suspended_at is not None


def test_two_super_admins_cannot_demote_each_other_at_once(arena: Arena) -> None:
    """Whoever comes second finds that they would be the last."""
    second = arena.player("Second").me.get()
    users = arena.admin.admin.users
    root, other = arena.admin.me.get().id, second.id
    for _ in range(3):
        users.set_role(other, "super_admin")
        risen = sign_in(arena.url, second.email)
        codes: list[str] = []

        def demote(client: PlatformClient, target: str, codes: list[str] = codes) -> None:
            try:
                client.admin.users.set_role(target, "user")
            except Exception as error:
                codes.append(getattr(error, "code", repr(error)))

        threads = [
            threading.Thread(target=demote, args=(arena.admin, other)),
            threading.Thread(target=demote, args=(risen, root)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(codes) == 1, codes
        assert codes[0] in ("last_super_admin", "forbidden", "unauthorized")
        with sign_in(arena.url, ADMIN_EMAIL) as first:
            boss = arena.admin if first.me.get().role == "super_admin" else risen
            boss.admin.users.set_role(root, "super_admin")
            arena.admin.admin.users.set_role(other, "user")


def test_a_login_says_why_it_is_refused(arena: Arena) -> None:
    player = arena.player()
    email = player.me.get().email
    arena.admin.admin.users.suspend(player.me.get().id, reason="see the rules")
    found = refusal(PlatformClient(arena.url).auth.login, email, PASSWORD)
    assert found.code == "account_suspended"
    assert "see the rules" in str(found)
    wrong = refusal(PlatformClient(arena.url).auth.login, email, "not the password")
    assert wrong.code == "invalid_credentials"


def refused_start(player: PlatformClient, competition_id: str) -> bool:
    try:
        start(player, competition_id)
    except CtfyApiError as error:
        return error.code == "challenge_disabled"
    return False


def test_a_disabled_challenge_is_not_launched(arena: Arena) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    settings = arena.admin.admin.settings
    settings.set("disabled_challenges", ["notes"])
    try:
        wait_for("the setting", lambda: refused_start(player, competition.id))
    finally:
        settings.unset("disabled_challenges")


def test_a_deleted_competition_leaves_no_instance_behind(arena: Arena) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    service = start(player, competition.id).surface.services[0]
    assert httpx.get(service.url).status_code == 200
    arena.admin.admin.competitions.delete(competition.id)

    def gone() -> bool:
        try:
            httpx.get(service.url)
        except httpx.TransportError:
            return True
        return False

    wait_for("the node", gone)
    assert player.instances.list() == []


@pytest.mark.parametrize("given", ["trace-me-42", "bad id\twith space"])
def test_a_failure_carries_the_request_id_that_the_log_has(arena: Arena, given: str) -> None:
    answer = httpx.get(f"{arena.url}/api/v1/me", headers={"X-Request-ID": given})
    assert answer.status_code == 401
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert (answer.headers["x-request-id"] == given) is (given == "trace-me-42")


def test_health_is_split(arena: Arena) -> None:
    for path in ("live", "ready"):
        assert httpx.get(f"{arena.url}/api/v1/health/{path}").json() == {"status": "ok"}


def test_there_are_no_shells_unless_they_are_switched_on(arena: Arena) -> None:
    found = refusal(
        arena.admin.admin.shell.open, "0" * 32, "service", reason="I would like to look"
    )
    assert found.code == "admin_shell_disabled"
    assert arena.admin.get_meta().admin_shell_enabled is False
