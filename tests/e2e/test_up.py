"""`ctfy-admin up` as a person runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.database.embedded import EmbeddedPostgres
from tests.available import PROVIDERS
from tests.processes import PATIENCE_S, ROOT, Process, free_port, wait_for

EMAIL, PASSWORD = "first@example.org", "chosen-by-the-operator"


@contextmanager
def starting(folder: Path, port: int, *arguments: str, **environment: str) -> Iterator[Process]:
    process = Process(
        ["up", "--data-dir", str(folder / "data"), "--port", str(port), *arguments],
        environment,
        folder / f"up-{port}.log",
    )
    process.log.write_text("")
    process.start()
    assert process.popen is not None
    try:
        yield process
    finally:
        if process.popen.poll() is None:
            assert process.stop(signal.SIGINT) == 0


@contextmanager
def up(folder: Path, port: int, *arguments: str, **environment: str) -> Iterator[Process]:
    with starting(folder, port, *arguments, **environment) as process:

        def ready() -> bool:
            assert process.popen is not None
            assert process.popen.poll() is None, process.said()
            return "Ctrl-C stops everything" in process.said()

        wait_for("up", ready)
        yield process


def quickstart(port: int, password: str) -> str:
    finished = subprocess.run(
        [
            sys.executable,
            "examples/quickstart.py",
            "--url",
            f"http://127.0.0.1:{port}",
        ],
        env={**os.environ, "CTFY_EMAIL": EMAIL, "CTFY_PASSWORD": password},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()[-1]


def processes_of(folder: Path) -> list[str]:
    """The command lines that name a folder: everything that `up` started there."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder / "data") in line and process.pid != os.getpid():
            found.append(line)
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_from_nothing_to_a_captured_flag_twice(provider: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    port = free_port()
    chosen = {"CTFY_BOOTSTRAP_EMAIL": EMAIL, "CTFY_BOOTSTRAP_PASSWORD": PASSWORD}
    for _ in range(2):
        with up(tmp_path, port, "--provider", provider, **chosen):
            assert quickstart(port, PASSWORD) == "correct=True solved=True"
        assert processes_of(tmp_path) == []
    if provider == "docker":
        listed = subprocess.run(
            ["docker", "ps", "-aq", "--filter", f"label=ctfy.node={tmp_path / 'data' / 'node'}"],
            capture_output=True,
            text=True,
        )
        assert listed.stdout == ""


def test_the_first_password_is_made_up_and_shown_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    port = free_port()
    with up(tmp_path, port, "--no-demo", CTFY_BOOTSTRAP_EMAIL=EMAIL) as process:
        shown = re.search(r"one-time password: (\S+)", process.said())
        assert shown
        url = f"http://127.0.0.1:{port}"
        token = PlatformClient(url).auth.login(EMAIL, shown[1]).token
        client = PlatformClient(url, token)
        assert client.me.get().role == "super_admin"
        assert client.competitions.list() == []
        page = httpx.get(url).text
        script = re.search(r'src="(/assets/[^"]+\.js)"', page)
        assert script  # the web interface is built
        assert httpx.get(url + script[1]).status_code == 200
        docs = httpx.get(f"{url}/docs").text
        sources = re.findall(r'(?:src|href)="([^"]+)"', docs)
        assert sources
        assert all(s.startswith((url, "/")) for s in sources)
        assert httpx.get(sources[-1]).status_code == 200
        with pytest.raises(AssertionError), up(tmp_path, free_port()) as second:
            assert second  # the data directory is taken
    with up(tmp_path, port, CTFY_BOOTSTRAP_EMAIL=EMAIL) as process:
        assert "one-time password" not in process.said()
        assert quickstart(port, shown[1]) == "correct=True solved=True"


def test_killed_it_leaves_nothing_that_runs_and_starts_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    port = free_port()
    chosen = {"CTFY_BOOTSTRAP_EMAIL": EMAIL, "CTFY_BOOTSTRAP_PASSWORD": PASSWORD}
    with up(tmp_path, port, "--provider", "sandbox", **chosen) as process:
        url = f"http://127.0.0.1:{port}"
        client = PlatformClient(url, PlatformClient(url).auth.login(EMAIL, PASSWORD).token)
        competition = client.competitions.list()[0]
        client.competition(competition.id).register()
        ready = client.instances.start("notes", competition_id=competition.id)
        hosts = {service.host for service in ready.surface.services}
        assert hosts == {"localhost"}  # another than the platform's: cookies know no ports
        assert "Instances are at localhost" in process.said()
        assert "shared_host" not in (tmp_path / "data" / "node.log").read_text()
        process.kill()
        wait_for(
            "the parts to end",
            lambda: not [p for p in processes_of(tmp_path) if "postgres" not in p],
        )
    with up(tmp_path, port, "--provider", "sandbox", **chosen):
        wait_for("the news", lambda: client.instances.get(ready.id).status == "error")
        assert "Start it again" in client.instances.get(ready.id).error
        assert quickstart(port, PASSWORD) == "correct=True solved=True"
    assert processes_of(tmp_path) == []


def part(up: Process, name: str) -> psutil.Process | None:
    """A part that `up` has started, as soon as it runs."""
    assert up.popen is not None
    for child in psutil.Process(up.popen.pid).children():
        with suppress(psutil.Error):  # it has ended meanwhile
            if name in child.cmdline():
                return child
    return None


def test_the_parts_wait_for_each_other_as_long_as_up_does(tmp_path: Path) -> None:
    """A server that is slow to start: the node, too, asks for it until it is there."""
    tmp_path.chmod(0o755)
    with starting(tmp_path, free_port(), "--provider", "sandbox") as process:
        server = wait_for("the server's process", lambda: part(process, "server"))
        server.suspend()
        # Longer than a node by itself asks a platform that does not answer.
        wait_for("news of the wait", lambda: "waiting for the server, 3" in process.said())
        assert "of at most 300 s" in process.said()
        server.resume()
        wait_for("up", lambda: "Ctrl-C stops everything" in process.said())


def test_a_part_that_cannot_start_is_told_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with starting(tmp_path, free_port(), "--provider", "sandbox") as process:
        assert process.popen is not None
        wait_for("the server's process", lambda: part(process, "server")).suspend()
        wait_for("the node's process", lambda: part(process, "node")).kill()
        server = part(process, "server")
        assert server is not None
        wait_for("the news", lambda: "the node did not start" in process.said())
        server.resume()
        wait_for("the end", lambda: process.popen.poll() is not None)  # type: ignore[union-attr]
        assert process.popen.poll() == 1
    assert processes_of(tmp_path) == []


def test_a_database_that_mends_itself_for_long_is_waited_for(tmp_path: Path) -> None:
    """Longer than the library's own ten seconds."""
    tmp_path.chmod(0o755)
    database = EmbeddedPostgres(tmp_path)
    database.start()
    database.stop()
    with (database.path / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'sleep 6; false'\nhot_standby = off\n")
    (database.path / "recovery.signal").touch()
    (database.path / "recovery.signal").chmod(0o666)
    try:
        with psycopg.connect(EmbeddedPostgres(tmp_path).start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        EmbeddedPostgres(tmp_path).stop()


def test_a_part_that_dies_is_started_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    port = free_port()
    chosen = {"CTFY_BOOTSTRAP_EMAIL": EMAIL, "CTFY_BOOTSTRAP_PASSWORD": PASSWORD}
    with up(tmp_path, port, "--provider", "sandbox", **chosen) as process:
        assert process.popen is not None
        for name in ("node", "server"):
            running = part(process, name)
            assert running is not None
            running.kill()
        wait_for("a new start", lambda: process.said().count("starting it again") >= 2)
        url = f"http://127.0.0.1:{port}"

        def capacity() -> bool:
            try:
                return httpx.get(f"{url}/api/v1/health").json()["capacity"] > 0
            except httpx.HTTPError:
                return False

        wait_for("the platform", capacity)
        assert quickstart(port, PASSWORD) == "correct=True solved=True"
