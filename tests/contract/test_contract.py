from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ctfy.node.app import create_app as create_node
from ctfy.server.app import create_app
from ctfy.server.settings import Settings
from tests.processes import CHALLENGES

HERE = Path(__file__).parent
MET = [
    "DELETE /api/v1/auth/tokens/others",
    "DELETE /api/v1/auth/tokens/{}",
    "DELETE /api/v1/instances",
    "DELETE /api/v1/instances/{}",
    "DELETE /api/v1/nodes/invites/{}",
    "DELETE /api/v1/nodes/{}",
    "GET /api/v1/auth/providers",
    "GET /api/v1/auth/tokens",
    "GET /api/v1/auth/tokens/scopes",
    "GET /api/v1/competitions",
    "GET /api/v1/competitions/{}",
    "GET /api/v1/competitions/{}/challenges",
    "GET /api/v1/competitions/{}/scoreboard",
    "GET /api/v1/events",
    "GET /api/v1/health",
    "GET /api/v1/instances",
    "GET /api/v1/instances/{}",
    "GET /api/v1/instances/{}/attachments",
    "GET /api/v1/instances/{}/attachments/{}",
    "GET /api/v1/instances/{}/status",
    "GET /api/v1/me",
    "GET /api/v1/meta",
    "GET /api/v1/nodes",
    "GET /api/v1/nodes/invites",
    "GET /api/v1/submissions",
    "POST /api/v1/admin/competitions",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/tokens",
    "POST /api/v1/competitions/{}/teams",
    "POST /api/v1/instances",
    "POST /api/v1/instances/{}/renew",
    "POST /api/v1/instances/{}/verify-answer",
    "POST /api/v1/nodes/heartbeat",
    "POST /api/v1/nodes/invites",
    "POST /api/v1/nodes/register",
    "POST /api/v1/qa/submissions",
    "POST /api/v1/submissions",
]
NODE_MET = [
    "DELETE /api/v1/instances/{}",
    "GET /api/v1/health",
    "GET /api/v1/instances/{}/attachments",
    "GET /api/v1/instances/{}/attachments/{}",
    "GET /api/v1/instances/{}/container-logs",
    "GET /api/v1/instances/{}/containers",
    "GET /api/v1/instances/{}/health",
    "GET /api/v1/instances/{}/status",
    "POST /api/v1/admin/stop-all",
    "POST /api/v1/instances",
]


def shape(method: str, path: str) -> str:
    parts = ("{}" if part.startswith("{") else part for part in path.rstrip("/").split("/"))
    return f"{method.upper()} {'/'.join(parts)}"


def compare(document: dict[str, object], tmp_path: Path, *options: str) -> list[str]:
    """What the contract's own comparison says against the operations that we have."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    found = subprocess.run(
        [sys.executable, str(HERE / "check.py"), str(path), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout, found.stderr
    return [line for line in found.stdout.splitlines() if not line.endswith("no such route")][:-1]


def operations(document: dict[str, dict[str, dict[str, object]]]) -> set[str]:
    return {shape(m, path) for path, methods in document["paths"].items() for m in methods}


@pytest.fixture(scope="module")
def platform_document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("contract")
    settings = Settings(
        database_url="postgresql://nowhere/x", data_dir=folder, challenges_dir=CHALLENGES
    )
    return create_app(settings).openapi()


def test_every_promised_operation_of_the_platform_meets_the_contract(
    platform_document: dict[str, object], tmp_path: Path
) -> None:
    assert not set(MET) - operations(platform_document)  # type: ignore[arg-type]
    assert compare(platform_document, tmp_path) == []


def test_every_promised_operation_of_the_node_meets_the_contract(tmp_path: Path) -> None:
    document = create_node(None, lambda: "").openapi()  # type: ignore[arg-type]
    assert not set(NODE_MET) - operations(document)
    assert compare(document, tmp_path, "--node") == []


def test_version_is_one_that_existing_clients_accept(
    platform_document: dict[str, dict[str, str]],
) -> None:
    assert platform_document["info"]["version"].startswith("0.6.")
