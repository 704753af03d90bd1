from __future__ import annotations

import httpx
import pytest

from tests.conftest import Arena


def post(arena: Arena, path: str, **kwargs: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {arena.admin._http.token}"}
    return httpx.post(f"{arena.url}/api/v1{path}", headers=headers, **kwargs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "x@example.org"}, "password"),
        ({"email": "no address", "password": "long-enough-password"}, "email"),
        ({"email": "x@example.org", "password": "short"}, "password"),
        ({"email": "x@example.org", "password": "long-enough-password", "admin": True}, "admin"),
        ({"email": "x@example.org", "password": "long-enough\x00password"}, "body"),
    ],
)
def test_a_refused_body_names_its_field(arena: Arena, body: object, field: str) -> None:
    answer = post(arena, "/auth/register", json=body)
    assert answer.status_code == 422
    envelope = answer.json()
    assert envelope["code"] == "validation_error"
    issue = envelope["detail"]["issues"][0]
    assert field in issue["loc"]
    assert issue.keys() == {"loc", "msg", "type"}
    assert "long-enough" not in answer.text  # what was sent is not repeated: it may be a secret


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b'{"a": "\xff"}'])
def test_wrong_json_is_a_validation_error(arena: Arena, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{arena.url}/api/v1/auth/login", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) in [
        (422, "validation_error"),
        (400, "bad_request"),
    ]


def test_a_huge_body_is_refused(arena: Arena) -> None:
    answer = post(arena, "/submissions", json={"instance_id": "x", "answer": "a" * 1_000_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_a_huge_body_is_refused_too_when_its_length_is_not_said(arena: Arena) -> None:
    answer = httpx.post(
        f"{arena.url}/api/v1/auth/login",
        content=iter([b"x" * 100_000] * 4),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_an_unknown_path_has_the_envelope(arena: Arena) -> None:
    answer = httpx.get(f"{arena.url}/api/v1/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/competitions/%00", "/competitions?phase=%00"])
def test_nul_characters_are_refused(arena: Arena, path: str) -> None:
    answer = httpx.get(f"{arena.url}/api/v1{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


def test_the_wrong_method_has_the_envelope(arena: Arena) -> None:
    answer = httpx.put(f"{arena.url}/api/v1/health")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
