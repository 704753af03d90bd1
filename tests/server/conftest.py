"""What tests of several domains of the platform use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import cloned_database, make_admin
from tests.server.houses import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "challenges").mkdir()
    with cloned_database() as url:
        make_admin(url)
        yield House(url, tmp_path / "challenges", tmp_path)
