"""What is left when everything was killed at random: exactly what the table says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROVIDERS
from tests.processes import ROOT

pytestmark = pytest.mark.xdist_group("faults")


@pytest.mark.skipif("docker" not in PROVIDERS, reason="no engine runs here")
def test_kills_at_random_leave_what_the_table_says(tmp_path: Path) -> None:
    namespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    chaos = subprocess.run(
        [*namespaces, sys.executable, "-m", "tests.faults.chaos", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    print(chaos.stdout)
    assert chaos.returncode == 0, chaos.stderr[-4000:]
