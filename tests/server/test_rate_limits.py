"""Limits that stop whoever guesses, and nobody else behind the same address."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from ctfy.sdk import PlatformClient
from ctfy.server.access.rate_limits import network
from ctfy.server.settings import Settings
from tests.conftest import PASSWORD, lone_server
from tests.processes import CHALLENGES, PATIENCE_S, Process
from tests.refusals import refusal

PEOPLE = 200
# As many as by default, in a time that no busy machine takes for a test.
SLOW = {"login": "30/hour", "account": "10/hour", "guess": "30/hour", "token": "300/hour"}
LIMITED = {"CTFY_RATE_LIMITING_ENABLED": "true", "CTFY_RATE_LIMITS": json.dumps(SLOW)}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with its own limits that believes the proxies of 127.0.0.0/8: us."""
    folder = tmp_path_factory.mktemp("limited")
    with lone_server(folder, **LIMITED, CTFY_TRUSTED_PROXIES="127.0.0.0/8") as where:
        yield where


@pytest.fixture(scope="module")
def trusting_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("trusting-nobody")
    with lone_server(folder, **LIMITED) as where:
        yield where


def post(url: str, path: str, body: dict[str, object], *, of: str) -> httpx.Response:
    """What a caller at an address is answered."""
    return _http.post(f"{url}/api/v1{path}", json=body, headers={"X-Forwarded-For": of})


_http = httpx.Client(timeout=PATIENCE_S)


def somebody() -> str:
    return f"{uuid.uuid4().hex}@example.org"


def log_in(url: str, email: str, password: str, *, of: str) -> httpx.Response:
    return post(url, "/auth/login", {"email": email, "password": password}, of=of)


def register(url: str, email: str, *, of: str) -> httpx.Response:
    return post(url, "/auth/register", {"email": email, "password": PASSWORD}, of=of)


def test_one_password_for_many_accounts_is_stopped(url: str) -> None:
    def guess(email: str) -> httpx.Response:
        return log_in(url, email, "Summer-2026-Summer", of="198.51.100.7")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, [somebody() for _ in range(150)]))
    tried = [a for a in answers if a.status_code == 401]
    stopped = [a for a in answers if a.status_code == 429]
    assert len(tried) + len(stopped) == 150
    assert len(tried) <= 33  # 30, and those that were under way
    assert all(0 < int(a.headers["Retry-After"]) <= 3600 for a in stopped)
    assert {a.json()["code"] for a in stopped} == {"rate_limit"}


def test_two_hundred_people_behind_one_address_register_and_sign_in(url: str) -> None:
    def come_in(email: str) -> tuple[int, int, int]:
        registered = register(url, email, of="203.0.113.1")
        signed_in = log_in(url, email, PASSWORD, of="203.0.113.1")
        device = post(url, "/auth/device/code", {}, of="203.0.113.1").json()
        asked = {"device_code": device["device_code"]}
        waits = post(url, "/auth/device/token", asked, of="203.0.113.1")
        return registered.status_code, signed_in.status_code, waits.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(come_in, [somebody() for _ in range(PEOPLE)]))
    assert answers == {(200, 200, 200)}


def test_an_account_is_guessed_at_from_many_addresses_and_opens_where_its_person_is_known(
    url: str,
) -> None:
    email = somebody()
    assert register(url, email, of="192.0.2.50").status_code == 200
    answers = [log_in(url, email, "wrong", of=f"198.18.0.{n}").status_code for n in range(15)]
    assert answers == [401] * 10 + [429] * 5
    assert log_in(url, email, PASSWORD, of="198.18.1.1").status_code == 429
    assert log_in(url, email, PASSWORD, of="192.0.2.50").status_code == 200


@pytest.mark.parametrize(
    ("where", "path", "body", "status"),
    [
        ("192.0.2.1", "/auth/password/reset", {"token": "x", "new_password": PASSWORD}, 404),
        ("192.0.2.2", "/auth/email/verify", {"token": "x"}, 404),
        ("192.0.2.3", "/auth/device/token", {"device_code": "x"}, 404),
        ("192.0.2.4", "/auth/register", {"email": "root@example.org", "password": PASSWORD}, 409),
    ],
)
def test_whatever_can_be_guessed_is_limited(
    url: str, where: str, path: str, body: dict[str, object], status: int
) -> None:
    answers = [post(url, path, body, of=where).status_code for _ in range(32)]
    assert answers == [status] * 30 + [429] * 2


def test_the_codes_of_devices_are_guessed_by_nobody_who_is_signed_in(url: str) -> None:
    client = PlatformClient(url, max_retries=0)
    client = PlatformClient(url, client.auth.register(somebody(), PASSWORD).token, max_retries=0)
    for _ in range(30):
        assert refusal(client.auth.approve_device, "BCDF-GHJK").code == "device_code_invalid"
    assert refusal(client.auth.device_info, "BCDF-GHJK").code == "rate_limit"


def test_invalid_tokens_are_limited_and_valid_ones_are_not(url: str) -> None:
    where = {"X-Forwarded-For": "198.51.100.9"}
    token = register(url, somebody(), of="198.51.100.9").json()["token"]

    with httpx.Client(base_url=f"{url}/api/v1", headers=where, timeout=PATIENCE_S) as client:

        def ask(given: str) -> int:
            return client.get("/me", headers={"Authorization": f"Bearer {given}"}).status_code

        answers = [ask(f"pf_{n}") for n in range(303)]
        assert answers == [401] * 300 + [429] * 3
        assert ask(token) == 200


def test_nobody_says_where_they_are_but_a_trusted_proxy(trusting_nobody: str) -> None:
    answers = [
        log_in(trusting_nobody, somebody(), "wrong", of=f"198.18.2.{n}").status_code
        for n in range(35)
    ]
    assert answers == [401] * 30 + [429] * 5


def test_of_what_a_proxy_passes_on_the_last_that_is_not_trusted_counts(url: str) -> None:
    def where(forwarded: str) -> str:
        headers = {"X-Forwarded-For": forwarded}
        asked = {"email": somebody(), "password": PASSWORD}
        with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=PATIENCE_S) as client:
            token = client.post("/auth/register", json=asked).json()["token"]
            tokens = client.get("/auth/tokens", headers={"Authorization": f"Bearer {token}"})
        return str(tokens.json()["items"][0]["ip_address"])

    assert where("198.51.100.77") == "198.51.100.77"
    assert where("6.6.6.6, 198.51.100.77") == "198.51.100.77"
    assert where("6.6.6.6, 198.51.100.77, 127.0.0.9") == "198.51.100.77"
    assert where("198.51.100.77:4711") == "198.51.100.77"
    assert where("[2001:db8::7]:4711") == "2001:db8::7"


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("a name", "a name"),
    ],
)
def test_ipv6_is_counted_by_what_one_subscriber_has(host: str, counted: str) -> None:
    scope = {"type": "http", "headers": [], "client": (host, 1)}
    assert network(HTTPConnection(scope)) == counted


@pytest.mark.parametrize("wrong", ["*", "10.0.0.0/33", "10.0.0.1/8", "proxy.example.org"])
def test_a_proxy_is_an_address_or_a_network(wrong: str) -> None:
    with pytest.raises(ValidationError, match="neither an address nor a network"):
        Settings(trusted_proxies=wrong)


def test_a_wrong_setting_is_told_in_one_line_at_the_start(tmp_path: Path) -> None:
    environment = {"CTFY_TRUSTED_PROXIES": "*", "CTFY_CHALLENGES_DIR": str(CHALLENGES)}
    process = Process(["server", "start"], environment, tmp_path / "log")
    process.start()
    assert process.popen is not None
    assert process.popen.wait(PATIENCE_S) == 1
    said = process.said()
    assert "CTFY_TRUSTED_PROXIES" in said
    assert "Traceback" not in said


def test_several_proxies_are_written_with_commas() -> None:
    settings = Settings(trusted_proxies="10.0.0.0/8, 2001:db8::1")
    assert settings.proxies == ["10.0.0.0/8", "2001:db8::1"]
