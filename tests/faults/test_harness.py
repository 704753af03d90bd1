"""A harness, as somebody writes one from the SDK's reference, while its server is restarted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from ctfy.challenge.modes.dynamic import Dynamic
from ctfy.sdk import PlatformClient
from ctfy.server.instances.answers import derive
from tests.conftest import ADMIN_EMAIL, Arena, cloned_database, make_admin, mint_invite, sign_in
from tests.processes import stack, wait_for

pytestmark = pytest.mark.xdist_group("faults")

INSTANCES = 20


def count(database_url: str, table: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def test_a_harness_outlives_a_restart_and_nothing_is_done_twice(tmp_path: Path) -> None:
    with cloned_database() as database_url:
        make_admin(database_url)
        with (
            stack(database_url, tmp_path, mint_invite, capacity=INSTANCES) as up,
            sign_in(up.url, ADMIN_EMAIL) as admin,
        ):
            arena = Arena(up.url, admin)
            competition = arena.competition()
            token = arena.registered(competition).token
            secret = (up.folder / "platform" / "secret.key").read_text().strip().encode()
            with PlatformClient(up.url, token) as client:

                def play(_: int) -> bool:
                    ready = client.instances.start("notes", competition_id=competition.id)
                    answer = derive(secret, ready.id, Dynamic(id="flag", prompt="?"))
                    correct = client.submissions.submit(ready.id, answer).correct
                    client.instances.stop(ready.id)
                    return correct

                with ThreadPoolExecutor(INSTANCES) as pool:
                    played = pool.map(play, range(INSTANCES))
                    wait_for("some of them", lambda: count(database_url, "instances") > 3)
                    up.server.kill()
                    up.server.start()
                    assert list(played) == [True] * INSTANCES
            assert count(database_url, "instances") == INSTANCES
            assert count(database_url, "submissions") == INSTANCES
