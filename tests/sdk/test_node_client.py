"""The clients of a node: against a real one, and against one that is hostile."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import inspect
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ctfy.sdk import BadAnswer, CtfyApiError, NodeClient, TypedNodeClient
from ctfy.sdk.aio import AsyncNodeClient
from ctfy.server.access.secrets import Secret, node_token
from tests.conftest import Arena
from tests.playing import start
from tests.processes import wait_for
from tests.sdk.both_clients import Client, Loop, public_methods

KINDS = ["dictionaries", "models", "asynchronous"]


def client(kind: str, url: str, token: str = "", timeout: int = 30) -> Client:
    cls: Any = {"models": TypedNodeClient, "asynchronous": AsyncNodeClient}.get(kind, NodeClient)
    return Client(cls(url, token, timeout=timeout), set(), Loop())


def plain(value: Any) -> Any:
    """An answer as the wire has it."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return (
        value.model_dump(mode="json", exclude_unset=True) if hasattr(value, "model_dump") else value
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_is_asked_everything(arena: Arena, secret: bytes, kind: str) -> None:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = start(player, competition.id)
    httpx.get(ready.surface.services[0].url)
    node_id = arena.admin.admin.instances.get(ready.id).node_id
    nodes = arena.admin.nodes.list()
    (url,) = [node.url for node in nodes if node.id == node_id]
    token = node_token(Secret(secret), node_id)
    wire = httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"})
    wait_for("the flow", lambda: wire.get(f"/instances/{ready.id}/traffic").json())
    node = client(kind, url, token)
    same = {
        "get_status": "status",
        "list_containers": "containers",
        "get_agent_runtime": "agent-runtime",
        "list_instance_attachments": "attachments",
    }
    for method, path in same.items():
        expected = wire.get(f"/instances/{ready.id}/{path}").json()
        assert plain(getattr(node, method)(ready.id)) == expected, method
    for method, path in {"get_build_state": "build-state", "get_pull_state": "pull-state"}.items():
        expected = wire.get(f"/admin/challenges/{path}").json()
        assert plain(getattr(node, method)()) == expected, method
    expected = wire.get("/admin/challenges/notes/build-log").json()
    assert plain(node.get_build_log("notes")) == expected
    flows = node.get_traffic(ready.id)
    flows = flows["items"] if kind == "dictionaries" else [flow.recorded() for flow in flows]
    assert flows == wire.get(f"/instances/{ready.id}/traffic").json()
    assert node.get_pcap(ready.id) == wire.get(f"/instances/{ready.id}/pcap").content
    assert ready.id in str(node.list_instances())
    assert node.check_health(ready.id) is True
    assert isinstance(node.get_container_logs(ready.id), str)
    assert plain(node.node_health())["status"] == "ok"
    assert plain(node.rescan_challenges())["changed"] == []
    for accepted in (
        node.build_challenge("notes"),
        node.build_all_challenges(["notes"]),
        node.pull_challenge("notes"),
        node.pull_all_challenges(["notes"]),
    ):
        assert plain(accepted)["status"] == "accepted"
    again = node.start_instance(challenge_id="notes", instance_id=ready.id, ttl=60, answers={})
    assert plain(again) == {"instance_id": ready.id, "status": "ready"}
    for ask in (node.get_openvpn_config, lambda i: node.download_instance_attachment(i, "../x")):
        with pytest.raises(CtfyApiError) as refused:
            ask(ready.id)
        assert refused.value.status_code == 404
    assert node.stop_instance(ready.id) is None
    with pytest.raises(CtfyApiError):
        node.get_status(ready.id)
    node.close()


def test_the_clients_have_the_same_methods() -> None:
    def methods(cls: type) -> dict[str, list[str]]:
        names = {name.partition(".")[2] for name in public_methods([cls])}
        return {name: list(inspect.signature(getattr(cls, name)).parameters) for name in names}

    assert methods(NodeClient) == methods(TypedNodeClient) == methods(AsyncNodeClient)


@contextlib.contextmanager
def saying(head: bytes, piece: bytes = b"", *, pause: float = 0) -> Iterator[str]:
    """The address of something that answers with a head, and then a piece again and again."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(head)
                    while piece:
                        connection.sendall(piece)
                        time.sleep(pause)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def answer(status: int, content: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} x", *headers, f"content-length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"status": "starting"}', b"[" * 200_000, b'"\\ud800"']
)
def test_nonsense_is_one_error(kind: str, content: bytes) -> None:
    with saying(answer(200, content)) as url, pytest.raises(BadAnswer):
        client(kind, url).get_status("x")


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_is_read_than_there_can_be(kind: str) -> None:
    with saying(b"HTTP/1.1 200 x\r\n\r\n", b" " * 65536) as url, pytest.raises(BadAnswer):
        client(kind, url).get_status("x")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_unpacked(kind: str) -> None:
    packed = gzip.compress(b" " * 10_000_000 + b'{"instance_id": "x", "status": "ready"}')
    for status, error in ((200, BadAnswer), (500, CtfyApiError)):
        head = answer(status, packed, "content-encoding: gzip")
        with saying(head) as url, pytest.raises(error):
            client(kind, url).get_status("x")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ([], b"[" * 50_000),
        ([], b'{"code": "\\ud800", "detail": 7}'),
        (["content-type: text/plain; charset=hex"], b"no"),
        (["content-type: text/plain; charset=undefined"], b"no"),
    ],
)
def test_a_refusal_is_one_whatever_it_says(kind: str, headers: list[str], content: bytes) -> None:
    with saying(answer(500, content, *headers)) as url, pytest.raises(CtfyApiError) as refused:
        client(kind, url).get_status("x")
    assert (refused.value.status_code, refused.value.code) == (500, "http_error")


@pytest.mark.parametrize("kind", KINDS)
def test_a_media_type_is_one(kind: str) -> None:
    for said, media_type in (
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("é" * 3, "application/octet-stream"),
    ):
        with saying(answer(200, b"x", f"content-type: {said}")) as url:
            assert client(kind, url).download_instance_attachment("x", "y") == (b"x", media_type)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 x\r\n\r\n"])
def test_an_answer_in_drops_is_not_waited_for(head: bytes) -> None:
    with saying(head, b"x", pause=0.1) as url, pytest.raises(httpx.ReadTimeout):
        client("asynchronous", url, timeout=1).get_status("x")  # which is to be over


def test_who_asks_may_give_up_earlier() -> None:
    async def ask(url: str) -> None:
        async with AsyncNodeClient(url, "") as node, asyncio.timeout(0.2):
            await node.get_status("x")

    with saying(b"", b"x", pause=0.1) as url, pytest.raises(TimeoutError):
        asyncio.run(ask(url))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ["http://a:99999", "http://xn--", f"http://{'a' * 80}"])
def test_an_address_that_is_none_is_a_node_that_is_away(kind: str, url: str) -> None:
    with pytest.raises(httpx.TransportError):
        client(kind, url).get_status("x")
