"""People: what they show, take along and leave behind."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import ForeignKey

from ctfy.server.accounts.profiles import VISIBLE_FIELDS
from ctfy.server.domains import DOMAINS
from ctfy.server.tables import Base
from ctfy.server.tables.access import User
from tests.conftest import Arena
from tests.playing import start
from tests.processes import wait_for
from tests.refusals import refusal

PROFILE = {
    "bio": "I break things",
    "country": "FR",
    "website_url": "https://example.org/me",
    "timezone": "Europe/Paris",
    "social_links": {"github": "ada"},
}


@pytest.mark.parametrize("field", VISIBLE_FIELDS)
def test_what_is_hidden_is_absent_for_others_everywhere(arena: Arena, field: str) -> None:
    competition = arena.competition()
    player, other = arena.registered(competition), arena.player()
    me = player.me.update_profile(**PROFILE)
    player.submissions.submit_qa("field-notes", competition.id, "hello")
    wait_for("a sign of life", lambda: player.me.get().last_active_at)
    player.me.update_visibility({field: False})
    seen = other.users.get(me.id)
    assert not getattr(seen, field)
    assert getattr(player.users.get(me.id), field)
    shown = [name for name in VISIBLE_FIELDS if name != field and getattr(seen, name)]
    assert len(shown) == len(VISIBLE_FIELDS) - 1

    def entry() -> object:
        found = [u for u in other.scoreboard.users(limit=10_000) if u.user_id == me.id]
        return found[0] if found else None

    assert wait_for("the entry", entry).country == ("" if field == "country" else "FR")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "France"),
        ("website_url", "javascript:alert(1)"),
        ("timezone", "Mars/Olympus"),
        ("social_links", {"a b": "x"}),
        ("social_links", {str(n): "x" for n in range(11)}),
        ("social_links", {"web": "data:text/html,x"}),
        ("display_name", "  "),
    ],
)
def test_a_profile_that_cannot_be_is_refused(arena: Arena, field: str, value: object) -> None:
    player = arena.player("Ada")
    error = refusal(player.me.update_profile, **{field: value})
    assert (error.status_code, error.code, error.detail["field"]) == (422, "invalid_profile", field)
    assert refusal(player.me.update_visibility, {"shoe_size": True}).code == "invalid_profile"
    assert player.me.get().display_name == "Ada"


def test_every_table_that_refers_to_a_person_is_accounted_for() -> None:
    """A new table must say what becomes of it in the export and the deletion."""
    referring = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if isinstance(key, ForeignKey) and key.column.table.name == User.__tablename__
    }
    by_others = {  # what a person did as an operator or captain; their row keeps no name
        ("announcements", "created_by"),
        ("attempt_resets", "reset_by"),
        ("challenge_resets", "reset_by"),
        ("competition_admins", "granted_by"),
        ("competition_invites", "invited_by"),
        ("competitions", "created_by"),
        ("images", "created_by"),
        ("incidents", "resolved_by"),
        ("platform_settings", "updated_by"),
        ("scheduled_jobs", "updated_by"),
        ("shell_sessions", "user_id"),
        ("site_pages", "updated_by"),
        ("tasks", "created_by"),
        ("teams", "captain_user_id"),
        ("users", "promoted_by"),
    }
    held = {(d.table.__tablename__, d.column) for domain in DOMAINS for d in domain.personal_data}
    held.remove(("events", "actor_id"))
    assert referring == held | by_others


def test_a_deleted_account_leaves_solves_without_a_name(arena: Arena) -> None:
    competition = arena.competition()
    player, other = arena.registered(competition, "Ada"), arena.player()
    me = player.me.update_profile(**PROFILE)
    ready = start(player, competition.id)
    player.submissions.submit(ready.id, "wrong")
    team = player.competitions.get(competition.id).my_team_id
    exported = json.loads(player.me.export_account())
    assert exported["submissions"][0]["answer"] == "wrong"
    assert exported["account"]["email"] == me.email
    assert "FLAG{" not in json.dumps(exported)
    player.me.delete_account("Ada")
    assert other.teams.get(team).members == []
    tries = other.challenges.solve_attempts("notes", include_unsolved=True, limit=10_000).attempts
    mine = next(a for a in tries if a.instance_id == ready.id)
    assert (mine.display_name, mine.attempts) == ("Deleted account", 1)
    again = arena.player("Ada")
    assert again.me.get().id != me.id


def test_the_last_super_admin_stays(arena: Arena) -> None:
    name = arena.admin.me.get().display_name
    assert refusal(arena.admin.me.delete_account, name).code == "last_super_admin"
