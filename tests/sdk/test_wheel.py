from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.processes import ROOT

PROOF = """
import importlib.util, sys
import ctfy.sdk, ctfy.cli.player
loaded = [m for m in ("fastapi", "sqlalchemy", "procrastinate", "docker") if m in sys.modules]
present = [m for m in ("fastapi", "sqlalchemy", "procrastinate", "docker")
           if importlib.util.find_spec(m)]
print(ctfy.sdk.PlatformClient.__name__, loaded, present)
"""


def uv() -> str:
    return shutil.which("uv") or str(ROOT / ".env" / "uv" / "bin" / "uv")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_the_sql_of_the_revisions(wheel: Path) -> None:
    source = ROOT / "src"
    sql = {str(path.relative_to(source)) for path in source.rglob("*.sql")}
    assert sql
    assert sql <= set(zipfile.ZipFile(wheel).namelist())


def test_the_client_installs_alone(wheel: Path, tmp_path: Path) -> None:
    """The built wheel with [client], in an empty environment."""
    run(uv(), "venv", "--quiet", "--python", sys.executable, str(tmp_path / "empty"))
    python = str(tmp_path / "empty" / "bin" / "python")
    run(uv(), "pip", "install", "--quiet", "--python", python, f"{wheel}[client]")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    said = subprocess.run(
        [python, "-c", PROOF],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    ).stdout
    assert said.strip() == "PlatformClient [] []"
    script = tmp_path / "empty" / "bin" / "ctfy"
    assert run(str(script), "--version").stdout.strip() == "ctfy 0.6.0"
