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


def compare(document: dict[str, object], tmp_path: Path, *options: str) -> list[str]:
    """What the contract's own comparison says of a document, line by line."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    found = subprocess.run(
        [sys.executable, str(HERE / "check.py"), str(path), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout, found.stderr
    return found.stdout.splitlines()


@pytest.fixture(scope="module")
def platform_document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("contract")
    settings = Settings(
        database_url="postgresql://nowhere/x", data_dir=folder, challenges_dir=CHALLENGES
    )
    return create_app(settings).openapi()


def test_every_operation_of_the_platform_meets_the_contract(
    platform_document: dict[str, object], tmp_path: Path
) -> None:
    assert compare(platform_document, tmp_path) == ["187 of 187 operations meet the contract"]


def test_every_operation_of_the_node_meets_the_contract(tmp_path: Path) -> None:
    document = create_node(None, lambda: "").openapi()  # type: ignore[arg-type]
    assert compare(document, tmp_path, "--node") == ["21 of 21 operations meet the contract"]


def test_version_is_one_that_existing_clients_accept(
    platform_document: dict[str, dict[str, str]],
) -> None:
    assert platform_document["info"]["version"].startswith("0.6.")
