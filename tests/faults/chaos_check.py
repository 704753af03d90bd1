"""What is left when everything was killed at random: exactly what the table says.

`make chaos` runs it, alone on the machine: it takes four minutes of both cores.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.available import needs
from tests.processes import ROOT

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: an engine's sockets below it have at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="ctfy-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@needs("network")
def test_kills_at_random_leave_what_the_table_says(folder: Path) -> None:
    namespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    chaos = subprocess.run(
        [*namespaces, sys.executable, "-m", "tests.faults.chaos", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    print(chaos.stdout)
    assert chaos.returncode == 0, chaos.stderr[-4000:]
