from __future__ import annotations

import httpx

from tests.conftest import Arena


def post(arena: Arena, path: str, token: str, body: dict[str, object]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{arena.url}/api/v1/nodes{path}", headers=headers, json=body)


def register(arena: Arena, token: str) -> httpx.Response:
    body = {"url": "http://127.0.0.1:9", "display_name": "spare", "capacity": 1}
    return post(arena, "/register", token, body)


def test_an_invite_works_once(arena: Arena) -> None:
    invite = arena.admin.admin.nodes.mint_invite()
    joined = register(arena, invite.registration_token)
    assert joined.status_code == 200
    assert register(arena, invite.registration_token).status_code == 401
    listed = {i.id: i for i in arena.admin.admin.nodes.list_invites()}
    assert listed[invite.id].status == "consumed"
    assert listed[invite.id].consumed_by_node_id == joined.json()["id"]
    arena.admin.admin.nodes.remove(joined.json()["id"])


def test_a_revoked_invite_does_not_work(arena: Arena) -> None:
    invite = arena.admin.admin.nodes.mint_invite()
    arena.admin.admin.nodes.revoke_invite(invite.id)
    assert register(arena, invite.registration_token).status_code == 401


def test_a_node_beats_with_its_own_token_only(arena: Arena) -> None:
    joined = register(arena, arena.admin.admin.nodes.mint_invite().registration_token).json()
    beat = {"id": joined["id"], "capacity": 1}
    assert post(arena, "/heartbeat", joined["token"], beat).status_code == 200
    assert post(arena, "/heartbeat", "nt_forged.00", beat).status_code == 401
    other = {"id": "another", "capacity": 1}
    assert post(arena, "/heartbeat", joined["token"], other).status_code == 403
    arena.admin.admin.nodes.remove(joined["id"])
    assert post(arena, "/heartbeat", joined["token"], beat).status_code == 401


def test_invites_are_for_administrators(arena: Arena) -> None:
    token = arena.player().token
    assert post(arena, "/invites", token, {"ttl_seconds": 60}).status_code == 403


def test_the_node_api_is_for_the_platform_alone(arena: Arena) -> None:
    (node,) = [n for n in arena.admin.nodes.list() if n.display_name == "node"]
    for path in ("/instances", "/instances/x/status", "/instances/x/container-logs"):
        answer = httpx.get(f"{node.url}/api/v1{path}", headers={"Authorization": "Bearer x"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert httpx.get(f"{node.url}/api/v1/health").json()["provider"] == "sandbox"


def test_a_node_at_the_platforms_own_host_name_is_pointed_out(arena: Arena) -> None:
    """Both are at 127.0.0.1 here: browsers would send sessions to instances."""
    flags = arena.admin.admin.observability.health_flags()
    (warning,) = [one for one in flags.node_warnings if one.code == "shared_host"]
    assert warning.node_id in [node.id for node in arena.admin.nodes.list()]
    assert "127.0.0.1" in warning.detail
