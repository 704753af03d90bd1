"""A provider without a node around it: orders for it, its services, what it leaves behind."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.node.providers import choose_provider
from ctfy.node.providers.base import Order, Provider
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import ServiceEndpoint
from tests.processes import CHALLENGES, PATIENCE_S

FLAG = "FLAG{" + "ab" * 16 + "}"


@asynccontextmanager
async def provider(name: str, folder: Path, **more: Any) -> AsyncIterator[Provider]:
    values = {"provider": name, "data_dir": folder, "ready_timeout_s": PATIENCE_S, **more}
    settings = NodeSettings(**values)
    chosen = await choose_provider(settings)
    assert chosen.name == name
    try:
        yield chosen
    finally:
        await chosen.close()


def order(folder: Path, challenge: Challenge, **answers: str) -> Order:
    instance = folder / uuid.uuid4().hex
    (instance / "answers").mkdir(parents=True)
    for key, value in (answers or {"flag": FLAG}).items():
        (instance / "answers" / key).write_text(value)
    return Order(instance.name, challenge, answers or {"flag": FLAG}, instance)


def example(challenge_id: str) -> Challenge:
    return Catalogue.load(CHALLENGES).challenges[challenge_id]


async def get(service: ServiceEndpoint) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(service.url)).text


def left(name: str, instance_id: str) -> list[str]:
    """What of an instance is on the machine, by the machine's own word."""
    if name == "sandbox":
        found = subprocess.run(["pgrep", "-f", instance_id], capture_output=True, text=True)
        return found.stdout.split()
    parts = []
    for kind in (["ps", "-a"], ["network", "ls"], ["volume", "ls"]):
        listed = subprocess.run(
            ["docker", *kind, "--format", "{{.Names}}" if kind[0] == "ps" else "{{.Name}}"],
            capture_output=True,
            text=True,
        )
        parts += [line for line in listed.stdout.splitlines() if instance_id in line]
    return parts


def challenge_of(folder: Path, source: str, more: str = "", service: str = "") -> Challenge:
    """A challenge whose one service is the given Python program, on port 8000.

    `more` is said of the challenge, `service` of its compose service.
    """
    root = folder / "challenges" / "made"
    (root / "services" / "web").mkdir(parents=True)
    (root / "services" / "web" / "app.py").write_text(source)
    (root / "services" / "web" / "Dockerfile").write_text(
        'FROM python:3.11-slim\nCOPY app.py /app/app.py\nCMD ["python3", "-u", "/app/app.py"]\n'
    )
    (root / "docker-compose.yml").write_text(
        "services: {web: {build: services/web, ports: ['8000'], volumes: ['a:/answers:ro']"
        f"{service}}}}}\n"
    )
    (root / "metadata.yaml").write_text(
        "{name: Made, description: d, difficulty: easy, tags: [t], "
        f"sandbox: {{run: [python3, services/web/app.py], port: 8000}}{more}}}\n"
    )
    return Catalogue.load(folder / "challenges").challenges["made"]
