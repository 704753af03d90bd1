"""The platform of existing programs; those who use it are one group, and share one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ctfy.server.access.secrets import Secret
from tests.conftest import ADMIN_EMAIL, Arena, cloned_database, make_admin, mint_invite, sign_in
from tests.contract.existing import Platform
from tests.processes import stack

PROVIDERS = {"github": {"kind": "github", "client_id": "ours", "client_secret": "hidden"}}


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("existing")
    with cloned_database() as database:
        make_admin(database)
        with (
            stack(
                database, folder, mint_invite, CTFY_OAUTH_PROVIDERS=json.dumps(PROVIDERS)
            ) as running,
            sign_in(running.url, ADMIN_EMAIL) as admin,
        ):
            secret = (folder / "platform" / "secret.key").read_text().strip().encode()
            yield Platform(Arena(running.url, admin), Secret(secret))
