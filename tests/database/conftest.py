from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import cloned_database


@pytest.fixture
def fresh_database() -> Iterator[str]:
    """A database that all revisions were applied to while it was empty."""
    with cloned_database() as url:
        yield url


@pytest.fixture
def empty_database() -> Iterator[str]:
    with cloned_database("template0") as url:
        yield url
