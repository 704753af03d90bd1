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
    "DELETE /api/v1/admin/announcements/{}",
    "DELETE /api/v1/admin/competitions/{}/admins/{}",
    "DELETE /api/v1/admin/competitions/{}/invites/{}",
    "DELETE /api/v1/admin/teams/{}/achievements/{}",
    "DELETE /api/v1/auth/identities/{}",
    "DELETE /api/v1/auth/password",
    "DELETE /api/v1/auth/tokens/others",
    "DELETE /api/v1/auth/tokens/{}",
    "DELETE /api/v1/challenges/{}/feedback",
    "DELETE /api/v1/challenges/{}/feedback/{}",
    "DELETE /api/v1/competitions/{}/instances/{}",
    "DELETE /api/v1/competitions/{}/invites/{}",
    "DELETE /api/v1/competitions/{}/team/members/{}",
    "DELETE /api/v1/instances",
    "DELETE /api/v1/instances/{}",
    "DELETE /api/v1/me",
    "DELETE /api/v1/nodes/invites/{}",
    "DELETE /api/v1/nodes/{}",
    "GET /api/v1/achievements/catalog",
    "GET /api/v1/achievements/recent-unlocks",
    "GET /api/v1/activities",
    "GET /api/v1/activities/timeseries",
    "GET /api/v1/admin/announcements",
    "GET /api/v1/admin/competitions/{}/admins",
    "GET /api/v1/admin/competitions/{}/invites",
    "GET /api/v1/auth/callback/{}",
    "GET /api/v1/auth/device/info",
    "GET /api/v1/auth/identities",
    "GET /api/v1/auth/login/{}",
    "GET /api/v1/auth/providers",
    "GET /api/v1/auth/tokens",
    "GET /api/v1/auth/tokens/scopes",
    "GET /api/v1/challenges",
    "GET /api/v1/challenges/facets",
    "GET /api/v1/challenges/{}",
    "GET /api/v1/challenges/{}/attachments",
    "GET /api/v1/challenges/{}/attachments/{}",
    "GET /api/v1/challenges/{}/feedback/me",
    "GET /api/v1/challenges/{}/feedback/stats",
    "GET /api/v1/challenges/{}/solve-attempts",
    "GET /api/v1/cluster-info",
    "GET /api/v1/competitions",
    "GET /api/v1/competitions/{}",
    "GET /api/v1/competitions/{}/challenge-breakdown",
    "GET /api/v1/competitions/{}/challenges",
    "GET /api/v1/competitions/{}/instances/{}",
    "GET /api/v1/competitions/{}/instances/{}/openvpn-config",
    "GET /api/v1/competitions/{}/instances/{}/status",
    "GET /api/v1/competitions/{}/instances/{}/traffic",
    "GET /api/v1/competitions/{}/invites",
    "GET /api/v1/competitions/{}/score-history",
    "GET /api/v1/competitions/{}/scoreboard",
    "GET /api/v1/competitions/{}/scoreboard/distribution",
    "GET /api/v1/competitions/{}/solve-matrix",
    "GET /api/v1/competitions/{}/teams/search",
    "GET /api/v1/events",
    "GET /api/v1/health",
    "GET /api/v1/instances",
    "GET /api/v1/instances/{}",
    "GET /api/v1/instances/{}/attachments",
    "GET /api/v1/instances/{}/attachments/{}",
    "GET /api/v1/instances/{}/openvpn-config",
    "GET /api/v1/instances/{}/status",
    "GET /api/v1/instances/{}/traffic",
    "GET /api/v1/me",
    "GET /api/v1/me/achievements",
    "GET /api/v1/me/export",
    "GET /api/v1/me/inbox",
    "GET /api/v1/me/milestone-progress",
    "GET /api/v1/me/solves",
    "GET /api/v1/meta",
    "GET /api/v1/nodes",
    "GET /api/v1/nodes/invites",
    "GET /api/v1/qa/challenges",
    "GET /api/v1/scoreboard",
    "GET /api/v1/scoreboard/challenges",
    "GET /api/v1/scoreboard/history",
    "GET /api/v1/scoreboard/users",
    "GET /api/v1/submissions",
    "GET /api/v1/teams",
    "GET /api/v1/teams/{}",
    "GET /api/v1/teams/{}/achievements",
    "GET /api/v1/teams/{}/profile-stats",
    "GET /api/v1/users/{}",
    "GET /api/v1/users/{}/profile-stats",
    "GET /api/v1/users/{}/solve-trend",
    "GET /{}",
    "PATCH /api/v1/admin/announcements/{}",
    "PATCH /api/v1/admin/competitions/{}",
    "PATCH /api/v1/competitions/{}/team",
    "PATCH /api/v1/me/profile",
    "PATCH /api/v1/me/profile/visibility",
    "POST /api/v1/admin/announcements",
    "POST /api/v1/admin/competitions",
    "POST /api/v1/admin/competitions/{}/admins",
    "POST /api/v1/admin/competitions/{}/invites",
    "POST /api/v1/admin/teams/{}/achievements/{}",
    "POST /api/v1/auth/device/approve",
    "POST /api/v1/auth/device/code",
    "POST /api/v1/auth/device/deny",
    "POST /api/v1/auth/device/token",
    "POST /api/v1/auth/identities/link/{}",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/password",
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/tokens",
    "POST /api/v1/competitions/{}/instances/{}/renew",
    "POST /api/v1/competitions/{}/invites",
    "POST /api/v1/competitions/{}/invites/direct",
    "POST /api/v1/competitions/{}/invites/{}/accept",
    "POST /api/v1/competitions/{}/invites/{}/approve",
    "POST /api/v1/competitions/{}/invites/{}/decline",
    "POST /api/v1/competitions/{}/invites/{}/reject",
    "POST /api/v1/competitions/{}/team/leave",
    "POST /api/v1/competitions/{}/teams",
    "POST /api/v1/competitions/{}/teams/redeem",
    "POST /api/v1/competitions/{}/teams/{}/join-request",
    "POST /api/v1/easter-eggs/{}/claim",
    "POST /api/v1/instances",
    "POST /api/v1/instances/{}/renew",
    "POST /api/v1/instances/{}/verify-answer",
    "POST /api/v1/me/announcements/read-all",
    "POST /api/v1/me/announcements/{}/read",
    "POST /api/v1/me/star-gazer/verify",
    "POST /api/v1/nodes/heartbeat",
    "POST /api/v1/nodes/invites",
    "POST /api/v1/nodes/register",
    "POST /api/v1/qa/submissions",
    "POST /api/v1/submissions",
    "PUT /api/v1/challenges/{}/feedback/{}",
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
