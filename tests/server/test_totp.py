"""The second factor: codes, recovery codes, and operators who have to have one."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.accounts.totp import code_at, step_of
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena, lone_server_and_database, sign_in
from tests.event_stream import following
from tests.processes import wait_for
from tests.refusals import refusal

# RFC 6238, appendix B: of eight digits, of which ours are the last six.
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


def test_codes_are_those_of_the_rfc() -> None:
    key = b"12345678901234567890"
    assert {at: code_at(key, at // 30) for at in VECTORS} == {
        at: digits[2:] for at, digits in VECTORS.items()
    }


def test_a_code_holds_one_step_around_and_never_twice() -> None:
    key, step = b"k" * 20, 1000
    assert [
        step_of(key, code_at(key, step + offset), after=None, at=step * 30 + 7)
        for offset in (-2, -1, 0, 1, 2)
    ] == [None, 999, 1000, 1001, None]
    assert step_of(key, code_at(key, step), after=step, at=step * 30) is None
    assert step_of(key, code_at(key, step + 1), after=step, at=step * 30) == step + 1
    assert step_of(key, "", after=None, at=step * 30) is None


class Authenticator:
    """A person's, which waits for no clock: it gives the codes of one step after the other."""

    def __init__(self, secret: str) -> None:
        self.key = base64.b32decode(secret)
        self.step = int(time.time()) // 30 - 2

    def code(self) -> str:
        """One that was not used yet: of the window's next step, or of the first that comes."""
        self.step = max(self.step + 1, int(time.time()) // 30 - 1)
        wait_for("the next step", lambda: self.step <= int(time.time()) // 30 + 1)
        return code_at(self.key, self.step)


def with_totp(client: PlatformClient) -> tuple[Authenticator, list[str]]:
    made = client.auth.set_up_totp(PASSWORD)
    own = Authenticator(made.secret)
    assert made.secret in made.uri
    return own, client.auth.confirm_totp(own.code())


def test_a_sign_in_asks_for_a_code_once_it_is_confirmed(arena: Arena) -> None:
    player = arena.player()
    email, nobody = player.me.get().email or "", PlatformClient(arena.url, max_retries=0)
    login = nobody.auth.login
    assert refusal(player.auth.set_up_totp, "wrong").code == "wrong_current_password"
    assert refusal(player.auth.confirm_totp, "123456").code == "totp_not_set_up"
    secret = player.auth.set_up_totp(PASSWORD).secret
    assert login(email, PASSWORD).token  # nothing holds yet
    own = Authenticator(secret)
    assert refusal(player.auth.confirm_totp, "000").code == "totp_wrong"
    used = own.code()
    codes = player.auth.confirm_totp(used)
    assert len(set(codes)) == 10
    assert refusal(player.auth.set_up_totp, PASSWORD).code == "totp_enabled"
    asked = refusal(login, email, PASSWORD)
    assert (asked.status_code, asked.code) == (401, "totp_required")
    assert refusal(login, email, "wrong", totp_code="1").code == "invalid_credentials"
    assert refusal(login, email, PASSWORD, totp_code=used).code == "totp_wrong"
    fresh = own.code()
    assert login(email, PASSWORD, totp_code=f"{fresh[:3]} {fresh[3:]}").token
    assert refusal(login, email, PASSWORD, totp_code=fresh).code == "totp_wrong"
    assert login(email, PASSWORD, totp_code=codes[0].upper()).token
    assert refusal(login, email, PASSWORD, totp_code=codes[0]).code == "totp_wrong"
    assert player.auth.totp().recovery_codes_left == 9
    assert refusal(player.auth.disable_totp, codes[1], "wrong").code == "wrong_current_password"
    assert refusal(player.auth.disable_totp, "123", PASSWORD).code == "totp_wrong"
    assert not player.auth.disable_totp(codes[1], PASSWORD).enabled
    assert login(email, PASSWORD).token


def test_nothing_of_it_lies_readable_in_the_database(arena: Arena, database_url: str) -> None:
    player = arena.player()
    secret = player.auth.set_up_totp(PASSWORD).secret
    codes = player.auth.confirm_totp(Authenticator(secret).code())
    with psycopg.connect(database_url) as connection:
        (row,) = connection.execute(
            "SELECT secret, recovery_hashes FROM totp WHERE user_id = %s", [player.me.get().id]
        )
    plain = codes[0].replace("-", "")
    assert hashlib.sha256(plain.encode()).hexdigest() in row[1]
    assert secret.encode() not in row[0]
    assert base64.b32decode(secret) not in row[0]
    assert "totp" not in player.me.export_account().decode().replace("must_set_up_totp", "")


def test_an_operator_turns_it_off_for_whom_they_may(arena: Arena) -> None:
    player, deputy, other = arena.player("Lost"), arena.deputy(), arena.deputy("Other")
    for person in (player, other):
        with_totp(person)
    users = deputy.admin.users
    lost, peer = player.me.get().id, other.me.get().id
    assert users.get(lost).totp_enabled
    assert refusal(users.reset_totp, peer).code == "forbidden"
    assert not users.reset_totp(lost).totp_enabled
    assert refusal(users.reset_totp, lost).code == "totp_not_set_up"
    log = arena.admin.admin.observability.activities(limit=50)
    assert [a.event for a in log].count("account_totp_reset") >= 1
    assert not arena.admin.admin.users.reset_totp(peer).totp_enabled
    own = refusal(arena.admin.admin.users.reset_totp, arena.admin.me.get().id)
    assert own.code == "own_account"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A platform of its own: everybody's rights there hang on one setting."""
    folder: Path = tmp_path_factory.mktemp("strict")
    limits = '{"login": "5/minute", "account": "none", "register": "none", "token": "none"}'
    with (
        lone_server_and_database(
            folder, CTFY_RATE_LIMITING_ENABLED="true", CTFY_RATE_LIMITS=limits
        ) as (url, _),
        sign_in(url, ADMIN_EMAIL) as admin,
    ):
        yield Arena(url, admin)


def test_operators_without_it_can_do_nothing_but_set_it_up(strict: Arena) -> None:
    deputy, player = strict.deputy(), strict.player()
    agent = PlatformClient(strict.url, deputy.auth.mint_token("agent").token, max_retries=0)
    runner = strict.player("Runner")
    competition = strict.competition("notes")
    strict.admin.admin.competition_admins.grant(competition.id, user_id=runner.me.get().id)
    with_totp(strict.admin)
    strict.admin.admin.settings.set("require_totp_for_operators", True)
    assert player.competitions.list()
    for operator in (deputy, runner):
        assert operator.me.get().must_set_up_totp
        for call in (operator.competitions.list, operator.auth.list_tokens, operator.me.inbox):
            refused = refusal(call)
            assert (refused.status_code, refused.code) == (403, "totp_setup_required")
    assert refusal(deputy.admin.users.list).code == "totp_setup_required"
    assert refusal(agent.me.get).code == "totp_setup_required"
    assert refusal(agent.competitions.list).code == "totp_setup_required"
    assert strict.admin.admin.users.list()
    own, _ = with_totp(deputy)
    assert deputy.admin.users.list()
    assert refusal(agent.competitions.list).status_code == 401  # who knows who made that token
    with following(strict.admin) as told, following(deputy):
        deputy.auth.disable_totp(own.code(), PASSWORD)
        made = strict.competition("notes")
        wait_for("others' events", lambda: made.id in [e.get("competition_id") for e in told])
    assert refusal(deputy.admin.users.list).code == "totp_setup_required"
    strict.admin.admin.settings.set("require_totp_for_operators", False)
    assert deputy.admin.users.list()


def test_codes_are_guessed_as_seldom_as_passwords_and_asking_for_one_counts_nothing(
    strict: Arena,
) -> None:
    player = strict.player()
    with_totp(player)
    email, nobody = player.me.get().email or "", PlatformClient(strict.url, max_retries=0)
    for _ in range(7):
        assert refusal(nobody.auth.login, email, PASSWORD).code == "totp_required"
    told = [refusal(nobody.auth.login, email, PASSWORD, totp_code="000000").code for _ in range(7)]
    assert (told[0], told[-1]) == ("totp_wrong", "rate_limit")


def test_a_link_opens_nothing_without_the_second_factor(arena: Arena) -> None:
    player, nobody = arena.player(), PlatformClient(arena.url, max_retries=0)
    _, codes = with_totp(player)
    url = arena.admin.admin.users.make_links([player.me.get().id])[0].url
    token, reset = url.partition("#token=")[2], nobody.auth.reset_password
    assert refusal(reset, token, "another-long-secret").code == "totp_required"
    assert refusal(reset, token, "another-long-secret", totp_code="1").code == "totp_wrong"
    assert player.me.get()  # nothing has happened
    assert reset(token, "another-long-secret", totp_code=codes[0]).token
    assert refusal(player.me.get).code == "unauthorized"


def test_what_somebody_else_may_have_set_up_ends_when_the_role_rises(arena: Arena) -> None:
    users = arena.admin.admin.users
    email = f"given-{time.time()}@example.org"
    made = users.create(email, "Given", password=PASSWORD).user
    with_totp(sign_in(arena.url, email))
    assert users.get(made.id).totp_enabled
    assert not users.set_role(made.id, "admin").totp_enabled
