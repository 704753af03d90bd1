from __future__ import annotations

import uuid

import httpx
import psycopg
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from ctfy.sdk import PlatformClient
from ctfy.server.access.secrets import token_hash
from tests.conftest import PASSWORD, Arena
from tests.refusals import refusal


def test_registering_signs_in(arena: Arena) -> None:
    me = arena.player("Ada").me.get()
    assert (me.display_name, me.role, me.token_kind, me.providers) == (
        "Ada",
        "user",
        "user",
        ["password"],
    )


def test_an_address_registers_once_whatever_its_case(arena: Arena) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    auth = PlatformClient(arena.url).auth
    auth.register(email, PASSWORD)
    assert refusal(auth.register, email.upper(), PASSWORD).code == "email_taken"


def test_a_wrong_password_and_an_unknown_address_are_told_alike(arena: Arena) -> None:
    email = arena.player().me.get().email
    auth = PlatformClient(arena.url).auth
    wrong = refusal(auth.login, email, "not-the-password")
    unknown = refusal(auth.login, "nobody@example.org", "not-the-password")
    assert (wrong.status_code, wrong.code, wrong.detail) == (
        401,
        "invalid_credentials",
        unknown.detail,
    )


def test_a_password_hash_of_old_parameters_is_renewed_at_the_next_sign_in(
    arena: Arena, database_url: str
) -> None:
    email = arena.player().me.get().email
    auth = PlatformClient(arena.url).auth
    old = Argon2Hasher(time_cost=3, memory_cost=64 * 1024, parallelism=4).hash(PASSWORD)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE users SET password_hash = %s WHERE email = %s", [old, email])
        for _ in range(2):
            assert auth.login(email, PASSWORD).token
        found = connection.execute("SELECT password_hash FROM users WHERE email = %s", [email])
        assert found.fetchone()[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # type: ignore[index]


def test_a_password_of_one_letter_is_weak(arena: Arena) -> None:
    auth = PlatformClient(arena.url).auth
    assert refusal(auth.register, "weak@example.org", "a" * 20).code == "weak_password"


def test_a_minted_token_is_shown_once_and_stored_hashed(arena: Arena, database_url: str) -> None:
    player = arena.player()
    minted = player.auth.mint_token("harness", 30)
    assert minted.token.startswith("pf_")
    assert PlatformClient(arena.url, minted.token).me.get().token_kind == "fine_grained"
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT hash FROM tokens WHERE id = %s", [minted.id]).fetchone()
    assert row == (token_hash(minted.token),)
    listed = player.auth.list_tokens()
    assert {t.kind for t in listed} == {"user", "fine_grained"}
    assert all("token" not in t.model_dump() for t in listed)


def test_a_revoked_token_is_nobody(arena: Arena) -> None:
    player = arena.player()
    minted = player.auth.mint_token("short-lived")
    player.auth.revoke_token(minted.id)
    assert refusal(PlatformClient(arena.url, minted.token).me.get).status_code == 401
    assert refusal(player.auth.revoke_token, minted.id).code == "token_not_found"


def test_the_token_in_use_is_not_revoked_by_itself(arena: Arena) -> None:
    player = arena.player()
    current = next(t for t in player.auth.list_tokens() if t.is_current)
    assert refusal(player.auth.revoke_token, current.id).code == "cannot_revoke_current_token"


def test_revoking_the_others_keeps_this_one(arena: Arena) -> None:
    player = arena.player()
    minted = player.auth.mint_token("other")
    player.auth.revoke_other_tokens()
    assert [t.is_current for t in player.auth.list_tokens()] == [True]
    assert refusal(PlatformClient(arena.url, minted.token).me.get).status_code == 401


def test_an_api_token_mints_and_revokes_nothing(arena: Arena) -> None:
    player = arena.player()
    minted = player.auth.mint_token("all it can hold")
    token = PlatformClient(arena.url, minted.token, max_retries=0)
    assert refusal(token.auth.mint_token, "more").status_code == 403
    assert refusal(token.auth.revoke_other_tokens).status_code == 403


def test_a_token_without_the_scope_is_refused(arena: Arena) -> None:
    minted = arena.player().auth.mint_token("reader", permissions={"profile": "read"})
    token = PlatformClient(arena.url, minted.token, max_retries=0)
    token.me.get()
    assert refusal(token.instances.list).code == "token_missing_scope"


def test_a_token_reaches_only_its_competitions(arena: Arena) -> None:
    inside, outside = arena.competition(), arena.competition()
    player = arena.player()
    minted = player.auth.mint_token(
        "one cup", competition_access="selected", competition_ids=[inside.id]
    )
    token = PlatformClient(arena.url, minted.token, max_retries=0)
    assert token.competitions.get(inside.id).id == inside.id
    assert refusal(token.competitions.get, outside.id).code == "token_competition_forbidden"
    assert [c.id for c in token.competitions.list()] == [inside.id]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"permissions": {"challenges": "write"}}, "validation_error"),
        ({"permissions": {"everything": "read"}}, "validation_error"),
        ({"competition_access": "most"}, "invalid_competition_access"),
        ({"competition_access": "selected"}, "invalid_competition_access"),
        (
            {"competition_access": "selected", "competition_ids": ["nowhere"]},
            "unknown_competition_id",
        ),
        (
            {"competition_access": "none", "permissions": {"instances": "read"}},
            "competition_scope_required",
        ),
    ],
)
def test_a_token_that_makes_no_sense_is_not_minted(
    arena: Arena, fields: dict[str, object], code: str
) -> None:
    player = arena.player()
    error = refusal(player.auth.mint_token, "odd", **fields)
    assert (error.status_code, error.code) == (422, code)
    assert len(player.auth.list_tokens()) == 1


def test_an_admins_api_token_carries_no_operator_rights(arena: Arena) -> None:
    minted = arena.admin.auth.mint_token("script")
    token = PlatformClient(arena.url, minted.token, max_retries=0)
    assert refusal(token.admin.nodes.list_invites).code == "forbidden"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc", "Bearer pf_x"])
def test_no_or_an_invalid_token_is_401_in_the_envelope(arena: Arena, header: str) -> None:
    answer = httpx.get(f"{arena.url}/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json().keys() == {"code", "detail", "request_id", "timestamp"}
