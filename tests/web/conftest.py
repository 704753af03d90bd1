"""The web interface is tested in a browser where there is one; see `browser.chromium`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.conftest import Arena
from tests.web.browser import chromium, launched

if chromium() is None:
    collect_ignore = [path.name for path in Path(__file__).parent.glob("test_*.py")]


@pytest.fixture(scope="module")
def browser(arena: Arena) -> Iterator[Browser]:
    """One browser a module. Started after the platform, whose fixtures run event loops."""
    with launched() as browser:
        yield browser
