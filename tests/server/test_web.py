"""The browser's session, the files of the interface, and what visitors may see."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest

from ctfy.server.web.routes import BUILT
from tests.conftest import PASSWORD, Arena


@pytest.fixture
def signed_in(arena: Arena) -> httpx.Client:
    """A browser's requests after signing in."""
    client = httpx.Client(base_url=arena.url, headers={"Origin": arena.url})
    email = f"browser-{uuid.uuid4().hex}@example.org"
    body = {"email": email, "password": PASSWORD, "display_name": "Browser"}
    answer = client.post("/api/v1/auth/register?as_cookie=true", json=body)
    assert answer.json()["token"] == ""
    session, hint = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in session
    assert "SameSite=strict" in session
    assert "HttpOnly" not in hint
    assert "pf_" not in hint
    return client


def test_a_cookie_is_a_session(signed_in: httpx.Client) -> None:
    assert signed_in.get("/api/v1/me").json()["display_name"] == "Browser"
    answer = signed_in.patch("/api/v1/me/profile", json={"bio": "from a page"})
    assert answer.json()["bio"] == "from a page"


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
def test_another_sites_page_changes_nothing(signed_in: httpx.Client, origin: str) -> None:
    headers = {"Origin": origin} if origin else {}
    cookies = dict(signed_in.cookies)
    stranger = httpx.Client(base_url=signed_in.base_url, cookies=cookies, headers=headers)
    answer = stranger.patch("/api/v1/me/profile", json={"bio": "forged"})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_mismatch")
    assert signed_in.get("/api/v1/me").json()["bio"] != "forged"


def test_another_sites_page_signs_nobody_in(arena: Arena) -> None:
    email = arena.player("Victim").me.get().email
    answer = httpx.post(
        f"{arena.url}/api/v1/auth/login?as_cookie=true",
        json={"email": email, "password": PASSWORD},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_signing_out_takes_the_cookie_and_the_session(signed_in: httpx.Client) -> None:
    cookies = dict(signed_in.cookies)
    signed_in.post("/api/v1/auth/logout")
    assert "ctfy_session" not in signed_in.cookies
    again = httpx.get(f"{signed_in.base_url}/api/v1/me", cookies=cookies)
    assert again.status_code == 401
    gone = again.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in gone] == ["ctfy_session", "ctfy_signed_in"]
    assert all("Max-Age=0" in cookie for cookie in gone)


def test_a_header_counts_before_the_cookie(arena: Arena, signed_in: httpx.Client) -> None:
    other = arena.player("Header")
    token = other.auth.login(other.me.get().email or "", PASSWORD).token
    headers = {"Authorization": f"Bearer {token}"}
    assert signed_in.get("/api/v1/me", headers=headers).json()["display_name"] == "Header"


def test_every_page_has_a_policy_and_a_nonce_of_its_own(arena: Arena) -> None:
    first, second = (httpx.get(f"{arena.url}/competitions/x") for _ in range(2))
    policies = [answer.headers["content-security-policy"] for answer in (first, second)]
    nonces = [re.search(r"'nonce-([\w-]+)'", policy)[1] for policy in policies]  # type: ignore[index]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0]}"' in first.text
    script = next(part for part in policies[0].split("; ") if part.startswith("script-src"))
    assert script == "script-src 'self'"
    assert "<script>" not in first.text
    assert first.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_assets_are_compressed_and_kept_for_ever(arena: Arena, encoding: str) -> None:
    plain = max((BUILT / "assets").glob("index-*.js"), key=lambda path: path.stat().st_size)
    url = f"{arena.url}/assets/{plain.name}"
    answer = httpx.get(url, headers={"Accept-Encoding": encoding})
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    if encoding != "br":  # the client here does not unpack it
        assert answer.content == plain.read_bytes()


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/api/v1/none", "/none.map", "/../x.py", "/.well-known/none"]
)
def test_what_is_not_there_is_not_found(arena: Arena, path: str) -> None:
    answer = httpx.get(f"{arena.url}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_wall_shows_a_public_competition_to_everybody(arena: Arena) -> None:
    competition = arena.competition("field-notes", rank_by="points")
    player = arena.registered(competition, "Walled")
    player.submissions.submit_qa("field-notes", competition.id, "hello")
    url = f"{arena.url}/api/v1/walls/{competition.id}"
    answer = httpx.get(url)
    wall = answer.json()
    assert wall["competition"]["title"] == competition.title
    assert [(entry["team_name"], entry["rank"]) for entry in wall["entries"]] == [("Walled", 1)]
    assert wall["latest"] == []  # one of three questions is no solve
    assert httpx.get(url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    for question, given in (
        ("algorithm", "MD5"),
        ("properties", ["Collision resistance", "Preimage resistance"]),
    ):
        player.submissions.submit_qa("field-notes", competition.id, given, question_id=question)
    (solve,) = httpx.get(url).json()["latest"]
    assert (solve["team_name"], solve["challenge_name"], solve["rank"]) == (
        "Walled",
        "Field Notes",
        1,
    )
    ids = [item["id"] for item in httpx.get(f"{arena.url}/api/v1/walls?limit=500").json()["items"]]
    assert competition.id in ids


@pytest.mark.parametrize("fields", [{"status": "draft"}, {"access": "private_listed"}])
def test_a_wall_shows_nothing_else(arena: Arena, fields: dict[str, str]) -> None:
    competition = arena.competition("notes", **fields)
    answer = httpx.get(f"{arena.url}/api/v1/walls/{competition.id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "competition_not_found")
    listed = httpx.get(f"{arena.url}/api/v1/walls?limit=500").json()["items"]
    assert competition.id not in [item["id"] for item in listed]


def test_a_private_wall_is_for_those_who_may_see_it(arena: Arena) -> None:
    competition = arena.competition("field-notes", access="private_hidden")
    member, stranger = arena.player("Member"), arena.player("Stranger")
    email = member.me.get().email
    arena.admin.admin.competition_invites.invite(competition.id, email=email)
    member.competition(competition.id).register()
    lacking = member.auth.mint_token("no scoreboard", permissions={"instances": "read"}).token

    def answer(token: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{arena.url}/api/v1/walls/{competition.id}", headers=headers)
        return answer.status_code, answer.json().get("code", "")

    assert answer(member.auth.mint_token("all").token) == (200, "")
    assert answer(stranger.auth.mint_token("all").token) == (404, "competition_not_found")
    assert answer(lacking) == (403, "token_missing_scope")


def test_a_visitor_is_told_of_the_platform_and_counts_only_what_they_see(arena: Arena) -> None:
    shown = httpx.get(f"{arena.url}/api/v1/walls?limit=10000").json()["items"]
    started = [one["id"] for one in shown if one["phase"] != "upcoming"]
    challenges = {
        challenge.id
        for one in started
        for challenge in arena.admin.competition(one).challenges()
        if challenge.state == "visible"
    }
    told = httpx.get(f"{arena.url}/api/v1/meta").json()
    assert told["challenges"]["total"] == len(challenges)
    assert told["version"] == arena.admin.get_meta().version
    counts = ("teams_total", "users_total", "nodes_total", "nodes_healthy", "running_instances")
    assert [told[name] for name in counts] == [None] * 5
