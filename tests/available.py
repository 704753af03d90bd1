"""What the tests need of a machine: each group of them, and what this machine lacks for it.

A test says `needs("docker")`. Where something is missing its group is left out, and one line says
so when the tests begin; with `CTFY_TEST_ALL=1` it is an error.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest

ALL = "CTFY_TEST_ALL"
_LACKING = "CTFY_TEST_LACKING"  # what the first process found, for the workers
PUBLISHED = Path(__file__).parent.parent / ".venv-published" / "bin" / "python"
BASE_IMAGE, VPN_IMAGE = "python:3.11-slim", "ctfy/openvpn:2.6"


def needs(*groups: str) -> pytest.MarkDecorator:
    """A test that can only run where the machine has all of this."""
    assert set(groups) <= GROUPS.keys()
    return pytest.mark.needs(*groups)


@cache
def lacking() -> dict[str, str]:
    """The groups that cannot run here, each with what it lacks."""
    if known := os.environ.get(_LACKING):
        return dict(line.split("=", 1) for line in known.splitlines() if line)
    found = {group: what for group, look in GROUPS.items() if (what := look())}
    os.environ[_LACKING] = "\n".join(f"{group}={what}" for group, what in found.items()) + "\n"
    return found


def chromium() -> str | None:
    """Where the browser is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _docker() -> str:
    import docker
    import docker.errors

    try:
        engine = docker.from_env()
        engine.images.get(BASE_IMAGE)
    except docker.errors.ImageNotFound:
        return f"the image {BASE_IMAGE}: make images"
    except docker.errors.DockerException:
        return "a Docker engine that answers"
    return ""


def _network() -> str:
    """Interfaces, namespaces and firewall rules of the tests' own."""
    if os.geteuid() != 0:
        return "root"
    return _docker() or _programs("ip", "iptables")


def _vpn() -> str:
    import docker
    import docker.errors

    if without := _network() or _programs("openvpn"):
        return without
    try:
        docker.from_env().images.get(VPN_IMAGE)
    except docker.errors.ImageNotFound:
        return f"the image {VPN_IMAGE}: make images"
    return ""


def _tshark() -> str:
    return _programs("tshark")


def _browser() -> str:
    return "" if chromium() else "the program chromium"


def _published() -> str:
    """The package that existing programs are written for."""
    return "" if PUBLISHED.exists() else "the published package: make .venv-published/.ready"


def _programs(*names: str) -> str:
    """The first that is not installed."""
    return next((f"the program {name}" for name in names if not shutil.which(name)), "")


GROUPS = {
    "docker": _docker,
    "network": _network,
    "vpn": _vpn,
    "tshark": _tshark,
    "browser": _browser,
    "published": _published,
}
PROVIDERS = ["sandbox", pytest.param("docker", marks=needs("docker"))]
