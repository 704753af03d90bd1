"""The web interface is tested in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import Arena
from tests.web.browser import launched


@pytest.fixture(scope="module")
def browser(arena: Arena) -> Iterator[Browser]:
    """One browser a module. Started after the platform, whose fixtures run event loops."""
    with launched() as browser:
        yield browser
