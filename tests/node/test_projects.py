"""Whole compose files on a real engine: what Compose would have done with them."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.node.providers import choose_provider
from ctfy.node.providers.base import Order, Provider, StartFailed
from ctfy.node.settings import NodeSettings
from tests.available import needs
from tests.node.lone_provider import get
from tests.processes import PATIENCE_S

pytestmark = needs("docker")

WEB = """
import http.server as h, json, os, socket, sys
class H(h.BaseHTTPRequestHandler):
    def do_GET(self):
        told = {
            "store": socket.create_connection(("database", 9000), 5).recv(99).decode(),
            "made": open("/data/made").read(),
            "built": open("/built").read().strip(),
            "env": {k: v for k, v in os.environ.items() if k in ("ID", "MODE")},
            "args": sys.argv[1:], "cwd": os.getcwd(), "uid": os.getuid(),
        }
        body = json.dumps(told).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
h.HTTPServer(("", 8000), H).serve_forever()
"""
STORE = """
import socket, threading, time
time.sleep(1)  # whoever does not wait for its health comes too early
listener = socket.create_server(("", 9000))
while True:
    peer = listener.accept()[0]
    try: peer.sendall(b"stored")
    except OSError: pass  # a probe that did not wait for it
    peer.close()
"""
PROBE = ["CMD", "python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 9000), 1)"]


def compose(**web: Any) -> dict[str, Any]:
    return {
        "services": {
            "web": {
                "build": {
                    "context": "services/web",
                    "dockerfile": "Dockerfile.web",
                    "args": {"FLAG": "${ANSWER_FLAG}"},
                    "target": "final",
                },
                "command": "python3 /app/web.py 'one word' two",
                "environment": {"ID": "${INSTANCE_ID}", "MODE": None},
                "working_dir": "/tmp",
                "user": "1234",
                "ports": ["8000"],
                "networks": ["front", "back"],
                "volumes": ["data:/data:ro"],
                "depends_on": {
                    "store": {"condition": "service_healthy"},
                    "maker": {"condition": "service_completed_successfully"},
                },
                **web,
            },
            "store": {
                "build": "services/store",
                "networks": {"back": {"aliases": ["database"]}},
                "healthcheck": {"test": PROBE, "interval": "200ms", "retries": 50},
            },
            "maker": {
                "image": "python:3.11-slim",
                "command": ["sh", "-c", "echo by-maker > /data/made"],
                "volumes": ["data:/data"],
                "networks": ["back"],
            },
        },
        "networks": {"front": {}, "back": {}},
        "volumes": {"data": {}},
    }


def challenge(folder: Path, content: dict[str, Any]) -> Challenge:
    root = folder / "challenges" / "made"
    for name, source in (("web", WEB), ("store", STORE)):
        (root / "services" / name).mkdir(parents=True)
        (root / "services" / name / f"{name}.py").write_text(source)
    (root / "services" / "web" / "Dockerfile.web").write_text(
        "FROM python:3.11-slim AS final\nCOPY web.py /app/web.py\nARG FLAG\n"
        "RUN echo $FLAG > /built\nFROM scratch AS other\n"
    )
    (root / "services" / "store" / "Dockerfile").write_text(
        'FROM python:3.11-slim\nCOPY store.py /store.py\nCMD ["python3", "/store.py"]\n'
    )
    (root / "docker-compose.yml").write_text(yaml.safe_dump(content))
    (root / "metadata.yaml").write_text(
        "{name: Made, description: d, difficulty: easy, tags: [t]}\n"
    )
    return Catalogue.load(folder / "challenges").challenges["made"]


async def provider(folder: Path, **more: Any) -> Provider:
    values = {"provider": "docker", "data_dir": folder, "ready_timeout_s": PATIENCE_S, **more}
    return await choose_provider(NodeSettings(**values))


def order(folder: Path, made: Challenge) -> Order:
    instance_id = uuid.uuid4().hex
    (folder / instance_id / "answers").mkdir(parents=True)
    # As in earnest, no two instances have an answer, and so an image, in common.
    return Order(instance_id, made, {"flag": f"FLAG{{{instance_id}}}"}, folder / instance_id)


def mounted() -> str:
    return Path("/proc/mounts").read_text()


def fail(reason: str) -> None:
    raise AssertionError(reason)


def test_services_wait_know_each_other_and_are_built_for_their_instance(tmp_path: Path) -> None:
    async def work() -> None:
        node = await provider(tmp_path)
        engine = docker.from_env()
        try:
            placed = order(tmp_path, challenge(tmp_path, compose()))
            (service,) = await node.start(placed, fail)
            assert json.loads(await get(service)) == {
                "store": "stored",
                "made": "by-maker\n",
                "built": placed.answers["flag"],
                "env": {"ID": placed.instance_id, "MODE": ""},
                "args": ["one word", "two"],
                "cwd": "/tmp",
                "uid": 1234,
            }
            assert await node.is_healthy(placed.instance_id)
            states = {c.service: c.status for c in await node.containers(placed.instance_id)}
            assert states == {"web": "running", "store": "running", "maker": "exited"}
            mine = {"label": f"ctfy.project=ctfy-{placed.instance_id}"}
            assert len(engine.images.list(filters=mine)) == 1  # the one that holds the answer
            await node.stop(placed.instance_id)
            for kind in (engine.images, engine.networks, engine.volumes):
                assert kind.list(filters=mine) == []
            assert engine.containers.list(all=True, filters=mine) == []
            assert placed.instance_id not in mounted()
        finally:
            await node.close()
            engine.close()

    asyncio.run(work())


def test_who_waits_for_what_never_comes_is_told_why(tmp_path: Path) -> None:
    content = compose()
    content["services"]["maker"]["command"] = ["sh", "-c", "exit 7"]

    async def work() -> None:
        node = await provider(tmp_path)
        try:
            placed = order(tmp_path, challenge(tmp_path, content))
            with pytest.raises(StartFailed, match=r"maker ended with code 7"):
                await node.start(placed, fail)
            assert await node.containers(placed.instance_id) == []
        finally:
            await node.close()

    asyncio.run(work())


def test_a_build_that_fails_says_how_and_keeps_its_log(tmp_path: Path) -> None:
    made = challenge(tmp_path, compose())
    dockerfile = made.path / "services" / "web" / "Dockerfile.web"
    dockerfile.write_text("FROM python:3.11-slim AS final\nRUN echo boom-$((6*7)) && exit 3\n")

    async def work() -> None:
        node = await provider(tmp_path)
        said: list[tuple[str, str]] = []
        node.say = lambda challenge_id, line: said.append((challenge_id, line))
        try:
            with pytest.raises(StartFailed, match=r"(?s)made-web was not built.*boom-42.*code: 3"):
                await node.build(made)
            assert "boom-42" in [line.strip() for _, line in said]
            assert "boom-42" in (tmp_path / "builds" / "made-web.log").read_text()
        finally:
            await node.close()

    asyncio.run(work())
