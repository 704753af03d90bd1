"""Commands that go on until they are stopped, or that need an engine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.available import needs
from tests.cli.terminal import Terminal
from tests.conftest import ADMIN_EMAIL, Arena, cloned_database, make_admin, mint_invite, sign_in
from tests.processes import CHALLENGES, PATIENCE_S, Process, free_port, stack, wait_for


@contextlib.contextmanager
def watching(arena: Arena, token: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    code = "from ctfy.cli.player import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "events", "watch", *options],
        env={**os.environ, "CTFY_URL": arena.url, "CTFY_TOKEN": token},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As from a terminal: whoever runs the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_events_are_watched_until_it_is_stopped(arena: Arena) -> None:
    competition = arena.competition("notes")
    with arena.registered(competition, "Watcher") as player:
        ready = player.instances.start("notes", competition_id=competition.id)
        token = player.auth.mint_token("watch").token
        options = ["--filter", "flag_*", "--json"]
        with watching(arena, token, *options) as watcher:
            assert watcher.stdout is not None
            os.set_blocking(watcher.stdout.fileno(), False)

            def heard() -> str:
                # It listens from some moment on: there is news until it has heard some.
                player.submissions.submit(ready.id, "nonsense")
                player.instances.renew(ready.id)
                assert watcher.stdout is not None
                return watcher.stdout.readline()

            event = json.loads(wait_for("an event", heard))
            assert event["event"].startswith("flag_")
            watcher.send_signal(signal.SIGINT)
            assert watcher.wait(PATIENCE_S) == 130
            assert watcher.stderr is not None
            assert watcher.stderr.read() == ""


def test_a_node_serves_without_a_platform(tmp_path: Path) -> None:
    port = free_port()
    node = Process(
        [
            *("node", "join", "--no-register", "--port", str(port), "--provider", "sandbox"),
            *("--labels", "a=1,b=2", "--data-dir", str(tmp_path)),
        ],
        {"CTFY_NODE_OWN_TOKEN": "a-token-of-its-own", "CTFY_CHALLENGES_DIR": str(CHALLENGES)},
        tmp_path / "node.log",
    )
    node.start()

    def status(token: str) -> int:
        try:
            headers = {"Authorization": f"Bearer {token}"}
            return httpx.get(
                f"http://127.0.0.1:{port}/api/v1/instances", headers=headers
            ).status_code
        except httpx.TransportError:
            return 0

    try:
        assert wait_for("the node", lambda: status("a-token-of-its-own")) == 200
        assert status("another") == 401
    finally:
        assert node.stop() == 0, node.said()


def test_a_node_without_a_platform_needs_a_token(tmp_path: Path) -> None:
    me = Terminal(tmp_path, "http://127.0.0.1:9")
    ran = me.run("ctfy-admin node join --no-register")
    assert (ran.code, "--node-token" in ran.err) == (2, True)


@needs("docker")
def test_images_are_built_before_a_node_starts(tmp_path: Path) -> None:
    me = Terminal(tmp_path, "http://127.0.0.1:9")
    me.environment["CTFY_CHALLENGES_DIR"] = str(CHALLENGES)
    ran = me.run("ctfy-admin node prebuild --challenge notes")
    assert (ran.code, ran.out) == (0, "notes: built\n")


def test_images_are_not_built_without_an_engine(tmp_path: Path) -> None:
    me = Terminal(tmp_path, "http://127.0.0.1:9")
    me.environment["CTFY_CHALLENGES_DIR"] = str(CHALLENGES)
    me.environment["DOCKER_HOST"] = f"unix://{tmp_path}/none"
    ran = me.run("ctfy-admin node prebuild --challenge notes")
    assert (ran.code, "Docker engine" in ran.err) == (1, True)
    assert me.run("ctfy-admin node prebuild --challenge field-notes").code == 1  # it has no images


def test_each_part_says_in_a_line_that_it_is_up(tmp_path: Path) -> None:
    with cloned_database() as database:
        make_admin(database)
        with stack(database, tmp_path, mint_invite, worker_apart=True) as up:
            (node,) = sign_in(up.url, ADMIN_EMAIL).nodes.list()
            lines = [
                (up.server, f"the server is up at {up.url}"),
                (up.worker, "the worker is up: it takes jobs from ctfy_"),
                (up.node, f"the node {node.id} is up at {node.url}: it runs for {up.url}"),
            ]
            for part, line in lines:
                wait_for(line, lambda part=part, line=line: line in part.said())  # type: ignore[misc]
                assert part.said().count(" is up") == 1
