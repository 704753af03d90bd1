"""Signing in elsewhere, against a real OpenID Connect issuer on this machine."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.accounts.totp import code_at
from ctfy.server.settings import RATE_LIMITS
from tests.conftest import ADMIN_EMAIL, PASSWORD, lone_server
from tests.processes import wait_for
from tests.refusals import refusal


@dataclass
class Issuer:
    """A small OpenID Connect issuer, and GitHub's API beside it; `person` is who is signed in."""

    url: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    spoil: dict[str, Any] = field(default_factory=dict)
    starred: list[str] = field(default_factory=list)
    keys: KeySet = field(
        default_factory=lambda: KeySet([RSAKey.generate_key(2048, parameters={"kid": "k"})])
    )

    def authorize(self, query: dict[str, str]) -> str:
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge_method"] != "S256":
            return None
        if asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return None
        claims = {
            "iss": self.url,
            "aud": asked["client_id"],
            "exp": int(time.time()) + 60,
            "nonce": asked.get("nonce", ""),
            **self.person,
            **self.spoil,
        }
        key = self.keys.keys[0]
        signed = jwt.encode({"alg": "RS256", "kid": "k"}, claims, key)
        return {"access_token": "at", "token_type": "Bearer", "id_token": signed}


def handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def reply(self, body: Any, status: int = 200) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(url.query).items()}
            if url.path == "/.well-known/openid-configuration":
                self.reply(
                    {
                        "issuer": issuer.url,
                        "authorization_endpoint": f"{issuer.url}/authorize",
                        "token_endpoint": f"{issuer.url}/token",
                        "jwks_uri": f"{issuer.url}/keys",
                    }
                )
            elif url.path == "/keys":
                self.reply(issuer.keys.as_dict(private=False))
            elif url.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", issuer.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif url.path == "/user":
                login = issuer.person["preferred_username"]
                self.reply({"id": 7, "login": login, "name": issuer.person["name"]})
            elif url.path == "/user/emails":
                self.reply([{"email": issuer.person["email"], "primary": True, "verified": True}])
            elif url.path.endswith("/starred"):
                self.reply([{"full_name": name} for name in issuer.starred])
            else:
                self.reply({}, 404)

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found = issuer.token({k: v[0] for k, v in parse_qs(form).items()})
            self.reply(found or {"error": "invalid_grant"}, 200 if found else 400)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def url(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that knows the issuer, under two names: as OpenID Connect and as GitHub."""
    github = {f"{name}_url": f"{issuer.url}/{name}" for name in ("authorize", "token")}
    common = {"client_id": "ctfy", "client_secret": "s"}
    providers = {
        "corp": {"kind": "oidc", "issuer": issuer.url, **common},
        "github": {"kind": "github", "api_url": issuer.url, **github, **common},
    }
    environment = {
        "CTFY_OAUTH_PROVIDERS": json.dumps(providers),
        "CTFY_GITHUB_REPOSITORY": "ctfy/ctfy",
    }
    with lone_server(tmp_path_factory.mktemp("oauth"), **environment) as where:
        yield where


@pytest.fixture(autouse=True)
def _fresh(issuer: Issuer) -> None:
    number = secrets.token_hex(4)
    issuer.spoil = {}
    issuer.person = {
        "sub": f"sub-{number}",
        "email": f"grace-{number}@example.org",
        "email_verified": True,
        "name": "Grace",
        "preferred_username": f"grace{number}",
    }


def sign_in(
    url: str, provider: str = "corp", redirect_to: str = "/", **more: str
) -> httpx.Response:
    """What a browser does: out to the provider, and back with its cookie."""
    with httpx.Client(follow_redirects=True) as browser:
        where = f"{url}/api/v1/auth/login/{provider}"
        return browser.get(where, params={"redirect_to": redirect_to, **more})


def test_a_first_sign_in_makes_an_account_and_later_ones_find_it(url: str, issuer: Issuer) -> None:
    first = sign_in(url, redirect_to="/competitions").json()
    assert first["redirect_to"] == "/competitions"
    me = PlatformClient(url, first["token"]).me.get()
    assert (me.display_name, me.email, me.providers) == ("Grace", issuer.person["email"], ["corp"])
    assert me.email_verified
    again = PlatformClient(url, sign_in(url).json()["token"])
    assert again.me.get().id == me.id
    identity = again.auth.list_identities()[0]
    assert (identity.provider, identity.provider_user_id) == ("corp", issuer.person["sub"])


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_it_never_leads_to_another_server(url: str, where: str) -> None:
    assert sign_in(url, redirect_to=where).json()["redirect_to"] == "/"


@pytest.mark.parametrize(
    "spoil",
    [
        {"nonce": "another"},
        {"aud": "somebody-else"},
        {"iss": "https://other.example"},
        {"exp": 1},
    ],
)
def test_an_id_token_that_is_not_ours_is_refused(
    url: str, issuer: Issuer, spoil: dict[str, Any]
) -> None:
    issuer.spoil = spoil
    answer = sign_in(url)
    assert (answer.status_code, answer.json()["code"]) == (502, "oauth_provider_failed")


def test_a_token_signed_by_another_key_is_refused(url: str, issuer: Issuer) -> None:
    known = issuer.keys
    with httpx.Client() as browser:
        out = browser.get(f"{url}/api/v1/auth/login/corp")
        back = browser.get(out.headers["location"]).headers["location"]
        forged = RSAKey.generate_key(2048, parameters={"kid": "k"})
        issuer.keys = KeySet([forged])
        code = parse_qs(urlsplit(back).query)["code"][0]
        asked = issuer.codes[code]
        issuer.keys = known
        issuer.token = lambda form: {  # type: ignore[method-assign]
            "access_token": "at",
            "token_type": "Bearer",
            "id_token": jwt.encode(
                {"alg": "RS256", "kid": "k"},
                {
                    "iss": issuer.url,
                    "aud": "ctfy",
                    "exp": int(time.time()) + 60,
                    "sub": "x",
                    "nonce": asked["nonce"],
                },
                forged,
            ),
        }
        try:
            answer = browser.get(back)
        finally:
            del issuer.token
    assert (answer.status_code, answer.json()["code"]) == (502, "oauth_provider_failed")


def test_a_browser_gets_its_session_as_a_cookie_and_is_led_on(url: str, issuer: Issuer) -> None:
    with httpx.Client(headers={"Accept": "text/html"}, follow_redirects=True) as browser:
        page = browser.get(f"{url}/api/v1/auth/login/corp", params={"redirect_to": "/inbox"})
        assert (page.url.path, page.status_code) == ("/inbox", 200)
        me = browser.get(f"{url}/api/v1/me", headers={"Accept": "application/json"})
        assert me.json()["email"] == issuer.person["email"]


def test_a_browser_that_is_refused_is_led_back_to_the_sign_in_page(
    url: str, issuer: Issuer
) -> None:
    issuer.person["email_verified"] = False
    with httpx.Client(headers={"Accept": "text/html"}, follow_redirects=True) as browser:
        page = browser.get(f"{url}/api/v1/auth/login/corp")
        assert (page.url.path, page.status_code) == ("/login", 200)
        assert page.url.params["error"] == "provider_email_unverified"
        assert browser.cookies.get("ctfy_session") is None
        page = browser.get(f"{url}/api/v1/auth/callback/corp", params={"error": "access_denied"})
        assert page.url.params["error"] == "oauth_missing_params"


def test_the_state_works_once_and_in_the_browser_that_began(url: str) -> None:
    with httpx.Client() as browser:
        out = browser.get(f"{url}/api/v1/auth/login/corp")
        back = browser.get(out.headers["location"]).headers["location"]
        assert httpx.get(back).json()["code"] == "oauth_state_mismatch"
    with httpx.Client() as browser:
        out = browser.get(f"{url}/api/v1/auth/login/corp")
        back = browser.get(out.headers["location"]).headers["location"]
        assert browser.get(back).status_code == 200
        assert browser.get(back).json()["code"] == "oauth_state_mismatch"
    callback = f"{url}/api/v1/auth/callback/corp"
    assert httpx.get(callback).json()["code"] == "oauth_missing_params"
    assert httpx.get(callback, params={"code": "x", "state": "y"}).json()["code"] == (
        "oauth_state_mismatch"
    )
    assert httpx.get(f"{url}/api/v1/auth/login/nope").json()["code"] == (
        "oauth_provider_not_configured"
    )


def test_an_unverified_or_missing_address_is_refused(url: str, issuer: Issuer) -> None:
    issuer.person["email_verified"] = False
    assert sign_in(url).json()["code"] == "provider_email_unverified"
    issuer.person["email"] = ""
    assert sign_in(url).json()["code"] == "account_email_missing"


def test_an_account_that_never_proved_its_address_is_not_taken_over(
    url: str, issuer: Issuer
) -> None:
    PlatformClient(url).auth.register(issuer.person["email"], PASSWORD, "Squatter")
    assert sign_in(url).json()["code"] == "email_taken"
    other = PlatformClient(url).auth
    issuer.person["email"] = f"new-{issuer.person['email']}"
    assert sign_in(url).status_code == 200
    error = refusal(other.register, issuer.person["email"], PASSWORD, "Late")
    assert error.code == "email_belongs_to_oauth"


def test_who_reads_somebodys_mail_does_not_get_past_their_second_factor(
    url: str, issuer: Issuer
) -> None:
    person = PlatformClient(url, sign_in(url).json()["token"])
    secret = base64.b32decode(person.auth.set_up_totp("").secret)
    person.auth.confirm_totp(code_at(secret, int(time.time() // 30)))
    assert PlatformClient(url, sign_in(url).json()["token"]).me.get().id == person.me.get().id
    issuer.person["sub"] = f"made-just-now-{issuer.person['sub']}"
    assert sign_in(url).json()["code"] == "email_taken"


def test_an_account_links_unlinks_and_keeps_a_way_in(url: str, issuer: Issuer) -> None:
    email = f"host-{issuer.person['email']}"
    host = PlatformClient(url, PlatformClient(url).auth.register(email, PASSWORD, "Host").token)
    with asking(url, host) as (browser, start):
        assert browser.get(start).json()["token"] == ""
    identity = host.auth.list_identities()[0]
    assert PlatformClient(url, sign_in(url).json()["token"]).me.get().display_name == "Host"
    host.auth.delete_password()
    assert refusal(host.auth.delete_password).code == "password_not_set"
    assert refusal(host.auth.unbind_identity, identity.id).code == "last_sign_in_method"
    host.auth.set_password(PASSWORD)
    host.auth.unbind_identity(identity.id)
    assert refusal(host.auth.unbind_identity, identity.id).code == "identity_not_found"
    assert refusal(host.auth.delete_password).code == "last_sign_in_method"


@contextlib.contextmanager
def asking(url: str, who: PlatformClient) -> Iterator[tuple[httpx.Client, str]]:
    """A browser that asked to link an account, and the address that it was given."""
    with httpx.Client(follow_redirects=True) as browser:
        where = f"{url}/api/v1/auth/identities/link/corp"
        asked = browser.post(where, headers={"Authorization": f"Bearer {who.token}"})
        yield browser, asked.json()["authorize_url"]


def registered(url: str, issuer: Issuer) -> PlatformClient:
    auth = PlatformClient(url).auth
    token = auth.register(f"host-{issuer.person['email']}", PASSWORD, "Host").token
    return PlatformClient(url, token)


def test_nothing_is_linked_in_a_browser_that_did_not_ask(url: str, issuer: Issuer) -> None:
    attacker = registered(url, issuer)
    with asking(url, attacker) as (_, lure), httpx.Client(follow_redirects=True) as victim:
        refused = victim.get(lure)
        assert (refused.status_code, refused.json()["code"]) == (400, "oauth_state_mismatch")
    assert attacker.auth.list_identities() == []


def test_a_person_who_began_elsewhere_is_led_to_where_they_can_begin(
    url: str, issuer: Issuer
) -> None:
    start = registered(url, issuer).auth.start_oauth_link("corp").authorize_url
    with httpx.Client(headers={"Accept": "text/html"}, follow_redirects=True) as browser:
        page = browser.get(start)
        assert (page.url.path, page.url.params["error"]) == ("/login", "oauth_state_mismatch")


def test_nothing_is_linked_once_the_session_that_asked_has_ended(url: str, issuer: Issuer) -> None:
    host = registered(url, issuer)
    other = PlatformClient(url, PlatformClient(url).auth.login(host.me.get().email, PASSWORD).token)
    with asking(url, host) as (browser, start):
        host.auth.logout()
        assert browser.get(start).json()["code"] == "oauth_link_session_expired"
    assert other.auth.list_identities() == []


def test_a_change_of_password_says_what_else_opens_the_account_and_ends_it_on_request(
    url: str, issuer: Issuer
) -> None:
    host = registered(url, issuer)
    with asking(url, host) as (browser, start):
        browser.get(start)
    agent = PlatformClient(url, host.auth.mint_token("agent").token)
    left = host.auth.set_password("another-long-secret", PASSWORD)
    assert [token.label for token in left.tokens] == ["agent"]
    assert [identity.provider for identity in left.identities] == ["corp"]
    agent.me.get()
    left = host.auth.set_password(
        PASSWORD, "another-long-secret", revoke_tokens=True, revoke_identities=True
    )
    assert (left.tokens, left.identities) == ([], [])
    assert refusal(agent.me.get).code == "unauthorized"
    assert host.auth.list_identities() == []


def test_github_signs_in_and_a_star_is_seen(url: str, issuer: Issuer) -> None:
    player = PlatformClient(url, sign_in(url, "github").json()["token"])
    assert player.me.get().display_name == "Grace"
    assert player.auth.list_identities()[0].provider_user_id == "7"
    assert "enter a competition" in player.me.verify_star_gazer().reason
    with PlatformClient(url, admin_token(url)) as admin:
        competition = admin.admin.competitions.create(title="Cup", status="published")
    player.competition(competition.id).register()
    assert "not starred" in player.me.verify_star_gazer().reason
    issuer.starred = ["ctfy/ctfy"]
    star = player.me.verify_star_gazer()
    assert star.verified
    assert star.achievement is not None
    assert star.achievement.achievement_id == "star_gazer"
    assert player.me.verify_star_gazer().already_unlocked


def admin_token(url: str) -> str:
    return PlatformClient(url).auth.login("root@example.org", PASSWORD).token


@contextlib.contextmanager
def ruled(url: str, **values: Any) -> Iterator[None]:
    """Registration under other rules than its being open."""
    token = PlatformClient(url).auth.login(ADMIN_EMAIL, PASSWORD).token
    with PlatformClient(url, token) as admin:
        for key, value in values.items():
            admin.admin.settings.set(key, value)
        try:
            yield
        finally:
            for key in values:
                admin.admin.settings.unset(key)


def sign_up(url: str, email: str, code: str = "") -> str:
    """What a registration is answered: `made`, or why not."""
    try:
        PlatformClient(url, max_retries=0).auth.register(email, PASSWORD, "New", code=code)
    except CtfyApiError as error:
        return error.code
    return "made"


def test_where_registration_is_closed_nobody_signs_up_and_who_is_here_signs_in(
    url: str, issuer: Issuer
) -> None:
    known = dict(issuer.person)
    sign_in(url)
    with ruled(url, registration="closed"):
        assert PlatformClient(url).auth.providers().registration.rule == "closed"
        assert sign_up(url, "shut-out@example.org") == "sign_up_closed"
        # The answer tells nobody who has an account.
        assert sign_up(url, known["email"]) == "sign_up_closed"
        assert "token" in sign_in(url).json()
        issuer.person |= {"sub": "shut-out", "email": "shut-out@example.org"}
        assert sign_in(url).json()["code"] == "sign_up_closed"


def test_a_code_lets_people_in_and_guesses_are_counted(url: str, issuer: Issuer) -> None:
    with ruled(url, registration="code"):  # while none is set, nobody has it
        assert sign_up(url, "early@example.org", "guess") == "registration_code_wrong"
    limits = {**RATE_LIMITS, "guess": "4/minute"}
    counted = {"rate_limiting_enabled": True, "rate_limits": limits}
    with ruled(url, registration="code", registration_code="blue moon ☾", **counted):
        assert sign_up(url, "code@example.org") == "registration_code_required"
        assert sign_in(url).json()["code"] == "registration_code_required"
        assert sign_up(url, "code@example.org", "blue moon ☾") == "made"
        assert "token" in sign_in(url, registration_code="blue moon ☾").json()
        answer = sign_in(url, registration_code="red moon")
        assert (answer.status_code, answer.json()["code"]) == (401, "registration_code_wrong")
        tried = [sign_up(url, "guess@example.org", f"moon {n}") for n in range(6)]
        assert {*tried} == {"registration_code_wrong", "rate_limit"}
        assert sign_up(url, "guess@example.org", "blue moon ☾") == "rate_limit"
        # Whoever is behind the same address still opens a link.
        nobody = PlatformClient(url, max_retries=0).auth
        assert refusal(nobody.reset_password, "x", PASSWORD).code == "mailed_token_invalid"
        browser = httpx.get(
            f"{url}/api/v1/auth/login/corp",
            params={"registration_code": "x"},
            headers={"Accept": "text/html"},
        )
        assert browser.headers["location"] == "/register?error=rate_limit"


def test_the_code_of_registration_does_not_stand_in_the_activity_log(url: str) -> None:
    with ruled(url, registration_code="blue moon ☾"):
        pass
    token = PlatformClient(url).auth.login(ADMIN_EMAIL, PASSWORD).token
    with PlatformClient(url, token) as admin:
        read = admin.admin.observability.activities

        def told() -> list[str]:
            done = read(event="platform_setting_changed", limit=50)
            return [a.model_dump_json() for a in done if "registration_code" in a.model_dump_json()]

        found = wait_for("both changes", lambda: len(told()) >= 2 and told())
    assert not any("blue moon" in one for one in found)
    assert any("(secret)" in one for one in found)


def test_only_addresses_of_some_domains_sign_up(url: str, issuer: Issuer) -> None:
    domains = ["School.example.ORG", "*.uni.example.org"]
    with ruled(url, registration="domains", registration_domains=domains):
        rule = PlatformClient(url).auth.providers().registration
        assert rule.domains == ["school.example.org", "*.uni.example.org"]
        refused = "registration_domain_refused"
        assert sign_up(url, "a@SCHOOL.example.org") == "made"
        assert sign_up(url, "a@cs.uni.example.org") == "made"
        for outside in ("uni.example.org", "school.example.org.evil.example", "myschool.org"):
            assert sign_up(url, f"a@{outside}") == refused
        assert sign_in(url).json()["code"] == refused
        issuer.person["email"] = f"{secrets.token_hex(4)}@school.example.org"
        assert "token" in sign_in(url).json()
        token = PlatformClient(url).auth.login(ADMIN_EMAIL, PASSWORD).token
        with PlatformClient(url, token) as admin:
            change = admin.admin.settings.set
            assert refusal(change, "registration", "sometimes").code == "validation_error"
            for bad in ("", "no dots", "*", "a@b.org", "*.*.org", "x" * 300 + ".org"):
                assert refusal(change, "registration_domains", [bad]).code == "validation_error"
            # Operators make accounts whatever the rule is.
            assert admin.admin.users.create("elsewhere@example.net").user.email
