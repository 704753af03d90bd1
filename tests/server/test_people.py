"""What organisers do with people: accounts made, opened again and changed."""

from __future__ import annotations

import re

import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import PASSWORD, Arena, sign_in
from tests.hostile_names import UNSEEN
from tests.refusals import refusal

NEW = "another long password"


def token_of(url: str) -> str:
    found = re.search(r"/set-password#token=(\S+)$", url)
    assert found, url
    return found[1]


def address(arena: Arena, name: str) -> str:
    """An address that nobody has yet."""
    return f"{name}-{len(arena.admin.admin.users.list(limit=1000))}@example.org"


def test_an_account_is_entered_once_by_its_link(arena: Arena) -> None:
    email = address(arena, "Linked")
    made = arena.admin.admin.users.create(email.upper(), "Linked")
    assert made.user.email == email.lower()
    assert made.link is not None
    assert refusal(PlatformClient(arena.url).auth.login, email, NEW).code == "invalid_credentials"
    nobody = PlatformClient(arena.url).auth
    session = nobody.reset_password(token_of(made.link.url), NEW).token
    with PlatformClient(arena.url, session) as person:
        me = person.me.get()
    # The link went by hand: nobody has shown that they read that address.
    assert (me.id, me.display_name, me.email_verified) == (made.user.id, "Linked", False)
    again = refusal(nobody.reset_password, token_of(made.link.url), PASSWORD)
    assert again.code == "mailed_token_invalid"
    assert nobody.login(email, NEW).token
    assert refusal(arena.admin.admin.users.create, email).code == "email_taken"


def test_a_new_link_ends_the_one_before_and_all_sessions_when_it_is_used(arena: Arena) -> None:
    person = arena.player("Forgetful")
    users = arena.admin.admin.users
    first, second = (users.make_links([person.me.get().id])[0].url for _ in range(2))
    nobody = PlatformClient(arena.url).auth
    assert refusal(nobody.reset_password, token_of(first), NEW).code == "mailed_token_invalid"
    assert person.me.get()
    nobody.reset_password(token_of(second), NEW)
    assert refusal(person.me.get).code == "unauthorized"


def test_a_given_password_ends_sessions_tokens_and_links(arena: Arena) -> None:
    person = arena.player("Given")
    token, me = person.auth.mint_token("harness").token, person.me.get()
    users = arena.admin.admin.users
    link = users.make_links([me.id])[0].url
    assert refusal(users.set_password, me.id, "aaaaaaaaaaaa").code == "weak_password"
    users.set_password(me.id, NEW)
    assert refusal(person.me.get).code == "unauthorized"
    with PlatformClient(arena.url, token, max_retries=0) as harness:
        assert refusal(harness.me.get).code == "unauthorized"
    nobody = PlatformClient(arena.url).auth
    assert refusal(nobody.reset_password, token_of(link), PASSWORD).code == "mailed_token_invalid"
    assert nobody.login(me.email, NEW).token


def test_an_administrator_opens_players_accounts_only(arena: Arena) -> None:
    deputy, other, player = arena.deputy(), arena.deputy(), arena.player("Player")
    root, theirs = arena.admin.me.get().id, other.me.get().id
    users = deputy.admin.users
    for id_ in (root, theirs):
        assert refusal(users.make_links, [id_]).code == "forbidden"
        assert refusal(users.make_links, [player.me.get().id, id_]).code == "forbidden"
        assert refusal(users.set_password, id_, NEW).code == "forbidden"
        assert refusal(users.edit, id_, display_name="Mine").code == "forbidden"
    email = address(arena, "boss")
    assert refusal(users.create, email, role="admin").code == "forbidden"
    assert arena.admin.admin.users.create(email, role="admin").user.role == "admin"
    assert refusal(users.set_password, deputy.me.get().id, NEW).code == "own_account"
    assert users.make_links([player.me.get().id])


def test_what_opens_a_players_account_opens_no_administrators(arena: Arena) -> None:
    deputy, player = arena.deputy(), arena.player("Climber")
    me, nobody = player.me.get(), PlatformClient(arena.url).auth
    token = player.auth.mint_token("harness").token
    link = deputy.admin.users.make_links([me.id])[0].url
    arena.admin.admin.users.set_role(me.id, "admin")
    reset = refusal(nobody.reset_password, token_of(link), NEW)
    assert reset.code == "mailed_token_invalid"
    assert refusal(player.me.get).code == "unauthorized"
    with PlatformClient(arena.url, token, max_retries=0) as harness:
        assert refusal(harness.me.get).code == "unauthorized"
    with sign_in(arena.url, me.email) as climber:  # the password was the person's own
        arena.admin.admin.users.set_role(me.id, "user")
        assert climber.me.get().role == "user"


@pytest.mark.parametrize("how", ["made", "set"])
def test_a_password_that_an_operator_chose_ends_when_the_role_rises(arena: Arena, how: str) -> None:
    deputy = arena.deputy()
    if how == "made":
        made = deputy.admin.users.create(address(arena, "given"), password=NEW).user
    else:
        made = deputy.admin.users.get(arena.player().me.get().id)
        deputy.admin.users.set_password(made.id, NEW)
    arena.admin.admin.users.set_role(made.id, "admin")
    nobody = PlatformClient(arena.url).auth
    assert refusal(nobody.login, made.email, NEW).code == "invalid_credentials"
    link = arena.admin.admin.users.make_links([made.id])[0].url
    nobody.reset_password(token_of(link), PASSWORD)
    arena.admin.admin.users.set_role(made.id, "super_admin")  # the password is theirs by now
    assert nobody.login(made.email, PASSWORD).token
    arena.admin.admin.users.set_role(made.id, "user")


def test_a_new_address_is_unverified_and_links_to_the_old_one_end(arena: Arena) -> None:
    users = arena.admin.admin.users
    made, other = users.create(address(arena, "old"), "Old"), arena.player("Other")
    assert made.link is not None
    taken = refusal(users.edit, made.user.id, email=other.me.get().email)
    assert taken.code == "email_taken"
    edited = users.edit(made.user.id, email=address(arena, "new"), display_name="New")
    assert (edited.display_name, edited.email_verified) == ("New", False)
    reset = PlatformClient(arena.url).auth.reset_password
    assert refusal(reset, token_of(made.link.url), NEW).code == "mailed_token_invalid"


@pytest.mark.parametrize("how", UNSEEN)
def test_no_operator_gives_a_name_that_hides_something(arena: Arena, how: str) -> None:
    users = arena.admin.admin.users
    me = arena.admin.me.get().id
    assert refusal(users.create, "hidden@example.org", UNSEEN[how]).code == "validation_error"
    assert refusal(users.edit, me, display_name=UNSEEN[how]).code == "validation_error"
