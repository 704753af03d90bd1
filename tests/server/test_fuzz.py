"""Whatever the document allows, and what it does not: never a 5xx, never an undocumented status."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import ADMIN_EMAIL, PASSWORD, lone_server
from tests.processes import PATIENCE_S

# Cases per operation; `make fuzz` asks for as many as make forty thousand.
EXAMPLES = os.environ.get("CTFY_FUZZ_EXAMPLES", "3")
CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance"


@pytest.mark.parametrize("texts", ["any", "hostile"])
@pytest.mark.parametrize("who", ["super admin", "player"])
def test_no_request_breaks_the_server(who: str, texts: str, tmp_path: Path) -> None:
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz_hooks"} if texts == "hostile" else {}
    # What covers the document is the same each time, and no hook changes it; most of it players may
    # not do.
    covers = who == "super admin" and texts == "any"
    phases = "coverage,fuzzing" if covers else "fuzzing"
    with lone_server(tmp_path) as url:
        httpx.get(f"{url}/openapi.json")  # made at the first request; schemathesis waits 10 s
        auth = PlatformClient(url).auth
        if who == "player":
            token = auth.register("fuzz@example.org", PASSWORD).token
        else:
            token = auth.login(ADMIN_EMAIL, PASSWORD).token
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
                *("--checks", CHECKS, "--max-examples", EXAMPLES, "--phases", phases),
                *("--header", f"Authorization: Bearer {token}", "--exclude-path", "/api/v1/events"),
                *("--request-timeout", str(PATIENCE_S), "--seed", "1", "--workers", "2"),
                "--suppress-health-check=all",
            ],
            env={**os.environ, **hooks},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        log = (tmp_path / "server.log").read_text(errors="replace")
    print(who, texts, *re.findall(r"\d+ generated", found.stdout))
    assert "Traceback" not in log, log[-4000:]
    failures = re.split("FAILURES|ERRORS", found.stdout, maxsplit=1)[-1].partition("WARNINGS")[0]
    assert found.returncode == 0, failures + found.stderr[-2000:]
