"""What is kept of instances that are over, and for how long."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ADMIN_EMAIL, Arena, cloned_database, make_admin, mint_invite, sign_in
from tests.playing import start
from tests.processes import Stack, stack, wait_for
from tests.refusals import refusal


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Arena, Stack]]:
    """A platform with room for hardly any archive."""
    with cloned_database() as database:
        make_admin(database)
        folder = tmp_path_factory.mktemp("records")
        with (
            stack(database, folder, mint_invite, CTFY_RECORD_MAX_BYTES="6000") as up,
            sign_in(up.url, ADMIN_EMAIL) as admin,
        ):
            yield Arena(up.url, admin), up


def ended(arena: Arena) -> str:
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = start(player, competition.id)
    for _ in range(5):
        httpx.get(ready.surface.services[0].url)
    player.instances.stop(ready.id)
    records = arena.admin.admin.records
    wait_for("the archive", lambda: records.get(ready.id).artifacts.archived_at > 0)
    return str(ready.id)


def test_the_oldest_archives_beyond_the_size_go(tight: tuple[Arena, Stack]) -> None:
    arena, up = tight
    admin = arena.admin.admin
    ids = [ended(arena) for _ in range(3)]
    folders = up.folder / "platform" / "archive"
    assert {path.name for path in folders.iterdir()} >= set(ids)
    task = admin.tasks.wait(admin.scheduled_jobs.run("retention_sweep").id)
    assert task.status == "succeeded"
    oldest = admin.records.get(ids[0])
    assert oldest.artifacts.pruned_at > 0
    assert not oldest.artifacts.has_manifest
    assert not list((folders / ids[0]).glob("*.jsonl"))
    gone = refusal(admin.records.archive, ids[0])
    assert gone.code == "artifact_not_found"
    assert admin.records.traffic(ids[0]) == []
    assert admin.records.get(ids[0]).record.status == "stopped"
    kept = [i for i in ids if admin.records.get(i).artifacts.pruned_at == 0]
    assert kept == ids[len(ids) - len(kept) :]
    assert sum(admin.records.get(i).artifacts.total_bytes for i in kept) <= 6000


def test_an_instance_that_died_is_archived_before_it_is_cleared_away(
    tight: tuple[Arena, Stack],
) -> None:
    arena, _ = tight
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = start(player, competition.id)
    httpx.get(ready.surface.services[0].url)
    node = arena.admin.admin.instances.get(ready.id).node_id
    assert node
    inside = subprocess.run(
        ["pgrep", "-f", "bwrap.*" + ready.id], capture_output=True, text=True, check=True
    ).stdout.split()
    for pid in inside:
        os.kill(int(pid), signal.SIGKILL)
    wait_for("the failure", lambda: player.instances.status(ready.id).status == "error")
    records = arena.admin.admin.records
    wait_for("the archive", lambda: records.get(ready.id).artifacts.traffic_count == 1)
    kept = records.get(ready.id)
    assert kept.record.stop_reason == "health_check_failed"
    assert "ended by itself" in kept.record.error


def test_a_record_is_of_an_instance_that_is_over(tight: tuple[Arena, Stack]) -> None:
    arena, _ = tight
    competition = arena.competition("notes")
    player = arena.registered(competition)
    ready = start(player, competition.id)
    records = arena.admin.admin.records
    assert refusal(records.get, ready.id).code == "record_not_found"
    assert refusal(records.list, status="ready").code == "validation_error"
    assert ready.id not in [r.id for r in records.list(limit=1000)]
    player.instances.stop(ready.id)
    assert ready.id in [r.id for r in records.list(status="stopped", limit=1000)]


def test_traces_go_where_they_are_asked_for(tmp_path: Path) -> None:
    from tests.conftest import lone_server
    from tests.hostile_node import HostileNode

    seen: list[str] = []

    def collect(method: str, path: str) -> object:
        seen.append(f"{method} {path}")
        return {}

    collector = HostileNode(collect)
    with lone_server(
        tmp_path,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
    ) as url:
        assert httpx.get(f"{url}/api/v1/scoreboard").status_code == 200
        wait_for("a trace", lambda: "POST /v1/traces" in seen)
    collector.close()
