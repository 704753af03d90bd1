"""A POST that is sent again with its idempotency key is done once."""

from __future__ import annotations

import hashlib
import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from ctfy.sdk import PlatformClient
from ctfy.server import pages
from ctfy.server.access.idempotency import Router
from ctfy.server.domains import DOMAINS
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena
from tests.playing import flag, start
from tests.processes import PATIENCE_S


def keyed(client: PlatformClient, path: str, key: str = "", **kwargs: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return client.http.post(path, headers=headers, **kwargs)


def order(competition_id: str, challenge_id: str = "notes") -> dict[str, str]:
    return {"challenge_id": challenge_id, "competition_id": competition_id}


def test_every_domain_keeps_keys() -> None:
    for router in (*(r for domain in DOMAINS for r in domain.routers), *pages.ROUTERS):
        assert isinstance(router, Router)


def test_the_server_says_that_it_keeps_keys(arena: Arena) -> None:
    assert arena.admin.health().idempotency_keys


def test_an_instance_is_started_once(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    first = keyed(player, "/instances", "k1", json=order(competition.id))
    again = keyed(player, "/instances", "k1", json=order(competition.id))
    assert (first.status_code, first.json()["id"]) == (again.status_code, again.json()["id"])
    assert again.headers["idempotency-replayed"] == "true"
    assert len(player.instances.list()) == 1


def test_another_key_is_another_request(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ids = {keyed(player, "/instances", json=order(competition.id)).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_those_sent_at_once_are_done_once(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: keyed(player, "/instances", "k2", json=order(competition.id)), range(8)
            )
        )
    done = {a.json()["id"] for a in answers if a.status_code == 202}
    assert len(done) == 1
    refused = {a.json()["code"] for a in answers if a.status_code != 202}
    assert refused <= {"request_in_progress"}
    assert len(player.instances.list()) == 1


def test_one_that_lost_to_itself_is_told_to_ask_again(arena: Arena) -> None:
    """Not that its name is taken, or that it is on a team already: it did that itself."""
    competition = arena.competition()
    player = arena.player()
    path, asked = f"/competitions/{competition.id}/teams", {"name": uuid.uuid4().hex}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: keyed(player, path, "k11", json=asked), range(8)))
    assert {a.json().get("code") for a in answers if a.status_code != 201} <= {
        "request_in_progress"
    }
    assert len({a.json()["id"] for a in answers if a.status_code == 201}) == 1


def test_a_large_file_is_taken_once(arena: Arena) -> None:
    competitions, id_ = arena.admin.admin.competitions, arena.competition().id
    exported = competitions.export(id_)
    competitions.delete(id_)
    large = json.dumps(json.loads(exported)).encode() + b" " * 300_000
    first, again = (
        keyed(arena.admin, "/admin/competitions/import", "k12", content=large) for _ in range(2)
    )
    assert (first.status_code, first.json()) == (201, again.json())


@pytest.mark.parametrize(
    ("path", "says", "status"),
    [
        ("/admin/competitions/import", "Transfer-Encoding: chunked", b"403"),
        ("/me/announcements/read-all", "Content-Length: 9", b"200"),
    ],
)
def test_a_body_that_no_route_reads_is_not_waited_for(
    arena: Arena, path: str, says: str, status: bytes
) -> None:
    token = arena.player().token
    where = urlsplit(arena.url)
    assert where.hostname
    with socket.create_connection((where.hostname, where.port or 80), PATIENCE_S) as connection:
        connection.sendall(
            f"POST /api/v1{path} HTTP/1.1\r\nHost: ctfy\r\nAuthorization: Bearer {token}\r\n"
            f"Idempotency-Key: k13\r\n{says}\r\n\r\n".encode()
        )
        assert connection.recv(65536).split()[1] == status


def test_a_browser_gets_its_cookie_each_time(arena: Arena) -> None:
    asked = {"email": ADMIN_EMAIL, "password": PASSWORD}
    for _ in range(2):
        answer = httpx.post(
            f"{arena.url}/api/v1/auth/login?as_cookie=true",
            headers={
                "Authorization": f"Bearer {arena.admin.token}",
                "Idempotency-Key": "k14",
                "Origin": arena.url,
            },
            json=asked,
        )
        assert (answer.status_code, len(answer.cookies)) == (200, 2)


def test_what_was_asked_cannot_be_found_by_guessing(arena: Arena, database_url: str) -> None:
    """A password is in it, and a plain digest of one is as good as the password."""
    body = json.dumps({"email": ADMIN_EMAIL, "password": PASSWORD}).encode()
    json_body = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    assert arena.admin.http.post("/auth/login", headers=json_body, content=body).is_success
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT id, body_digest FROM idempotent_requests").fetchall()
    assert kept
    assert hashlib.sha256(body).hexdigest() not in {digest for row in kept for digest in row}


def test_a_key_is_of_one_body(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    keyed(player, "/instances", "k3", json=order(competition.id))
    other = keyed(player, "/instances", "k3", json={**order(competition.id), "ttl": 600})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_is_of_one_caller(arena: Arena) -> None:
    competition = arena.competition()
    ids = {
        keyed(arena.registered(competition), "/instances", "k4", json=order(competition.id)).json()[
            "id"
        ]
        for _ in range(2)
    }
    assert len(ids) == 2


def test_a_refusal_is_not_kept(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.player()
    refused = keyed(player, "/instances", "k5", json=order(competition.id))
    assert refused.status_code == 403
    player.competition(competition.id).register()
    assert keyed(player, "/instances", "k5", json=order(competition.id)).status_code == 202


def test_a_minted_token_is_given_again_and_stored_nowhere(arena: Arena, database_url: str) -> None:
    player = arena.player()
    asked = {"label": "agent", "permissions": {"challenges": "read"}, "competition_access": "all"}
    first, again = (keyed(player, "/auth/tokens", "k6", json=asked).json() for _ in range(2))
    assert first["token"] == again["token"]
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT answer FROM idempotent_requests").fetchall()
    assert kept
    assert not any(first["token"].encode() in bytes(row[0]) for row in kept)


def test_nothing_is_given_again_to_a_token_that_is_revoked(arena: Arena) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    made = player.auth.mint_token("agent", permissions={"instances": "write"})
    agent = PlatformClient(arena.url, made.token, max_retries=0)
    assert keyed(agent, "/instances", "k7", json=order(competition.id)).status_code == 202
    player.auth.revoke_token(made.id)
    assert keyed(agent, "/instances", "k7", json=order(competition.id)).status_code == 401


@pytest.mark.parametrize("key", ["x" * 256, "k\tk", "ö"])
def test_what_is_no_key_is_refused(arena: Arena, key: str) -> None:
    answer = arena.player().http.post(
        "/me/announcements/read-all", headers={"Idempotency-Key": key.encode()}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


def test_a_wrong_answer_sent_again_counts_once(arena: Arena) -> None:
    competition = arena.competition("field-notes")
    player = arena.registered(competition)
    question = player.challenges.get("field-notes").questions[0].id
    asked = {**order(competition.id, "field-notes"), "question_id": question, "answer": "nonsense"}
    first, again = (keyed(player, "/qa/submissions", "k8", json=asked).json() for _ in range(2))
    assert first["attempts_remaining"] == again["attempts_remaining"]
    assert len(player.submissions.list()) == 1


def test_another_answer_with_the_key_of_a_first_is_graded_and_counted(
    arena: Arena, secret: bytes
) -> None:
    """A key is no way to try answers for nothing."""
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    answers = ["FLAG{" + "0" * 32 + "}", flag(secret, ready.id), flag(secret, ready.id)]
    correct = [
        keyed(player, "/submissions", "k9", json={"instance_id": ready.id, "answer": a}).json()
        for a in answers
    ]
    assert [one["correct"] for one in correct] == [False, True, True]
    assert [s.correct for s in player.submissions.list()] == [True, False]


def test_a_right_answer_sent_again_tells_the_same(arena: Arena, secret: bytes) -> None:
    competition = arena.competition()
    player = arena.registered(competition)
    ready = start(player, competition.id)
    asked = {"instance_id": ready.id, "answer": flag(secret, ready.id)}
    first, again = (keyed(player, "/submissions", "k10", json=asked).json() for _ in range(2))
    told = ("id", "correct", "solve_rank", "challenge_fully_solved", "question_id")
    assert {k: first[k] for k in told} == {k: again[k] for k in told}
    assert len(player.submissions.list()) == 1
