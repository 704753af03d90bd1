"""What existing programs run with, and the platform that they run against."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.access.secrets import Secret, node_token
from tests.available import PUBLISHED, needs
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena
from tests.processes import CHALLENGES

PROGRAMS = Path(__file__).parent / "programs"
SOLVER = CHALLENGES / "notes" / "solve.py"
PACKAGES = [
    pytest.param(PUBLISHED, id="published", marks=needs("published")),
    pytest.param(Path(sys.executable), id="ours"),
]


@dataclass
class Platform:
    """One of its own: the programs stop every instance, and change settings."""

    arena: Arena
    secret: Secret

    @property
    def facts(self) -> dict[str, str]:
        """What a program is told."""
        admin = PlatformClient(self.arena.url).auth.login(ADMIN_EMAIL, PASSWORD)
        node = next(n for n in self.arena.admin.nodes.list() if n.is_healthy)
        return {
            "url": self.arena.url,
            "admin_token": admin.token,
            "node_url": node.url,
            "node_id": node.id,
            "node_token": node_token(self.secret, node.id),
            "provider": "github",
            "solver": str(SOLVER),
        }
