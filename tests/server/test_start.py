"""A server loads what every request needs, and the rest with the first request that does."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import lone_server

# What only some requests need, or none on most servers.
LATER = {
    "PIL",
    "aiosmtplib",
    "alembic",
    "apprise",
    "authlib",
    "cryptography",
    "docker",
    "joserfc",
    "markdown_it",
    "mcp",
    "obstore",
    "opentelemetry.sdk",
}
_LOADED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.M)


def test_a_server_that_is_up_has_loaded_little(tmp_path: Path) -> None:
    """Each module is memory for good, and time before the first answer."""
    challenges = tmp_path / "challenges"
    challenges.mkdir()  # of new ones it writes archives, as soon as it is up
    settings = {"CTFY_CHALLENGES_DIR": str(challenges), "PYTHONPROFILEIMPORTTIME": "1"}
    with lone_server(tmp_path, **settings):
        loaded = set(_LOADED.findall((tmp_path / "server.log").read_text()))
    assert "ctfy.server.app" in loaded
    assert not LATER & loaded
    assert len(loaded) < 1745
