"""Two hundred instances over two nodes, while nodes, engine, server and worker are killed.

Run by `chaos_check` in namespaces of its own: it has its own engine there, its own network and
firewall, and all that it starts ends with it.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.sdk.errors import InstanceFailed, StartTimeout
from tests.conftest import ADMIN_EMAIL, Arena, cloned_database, make_admin, mint_invite, sign_in
from tests.processes import Process, Stack, free_port, stack, wait_for

SEED, INSTANCES, TEAMS, LEFT, SPARES = 20, 200, 20, 4, 3


class Engine:
    """A Docker engine of this test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self.repaired = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if not self._started():
            # Killed while it made a network, Docker 20.10 finds one without addresses and panics.
            # Administrators then take its list of networks away, and what hung on them.
            (self._folder / "data" / "network" / "files" / "local-kv.db").unlink()
            for name in links("cti", "cte"):
                subprocess.run(["ip", "link", "delete", name], check=False)
            self.repaired += 1
            assert self._started(), "the engine does not start"
            for container in self.lines("ps", "--all", "--quiet"):
                self.run("rm", "--force", container)

    def _started(self) -> bool:
        # What it kept of containers goes with it, as it does where a service manager restarts it.
        subprocess.run(["pkill", "-9", "-f", f"{self._folder}/exec/containerd"], check=False)
        for name in ("docker.pid", "docker.sock", "exec/containerd/containerd.pid"):
            (self._folder / name).unlink(missing_ok=True)
        with (self._folder / "dockerd.log").open("ab") as log:
            process = self._process = subprocess.Popen(
                [
                    *("dockerd", "--host", self.host, "--bridge", "none"),
                    *("--data-root", f"{self._folder}/data", "--exec-root", f"{self._folder}/exec"),
                    *("--pidfile", f"{self._folder}/docker.pid"),
                ],
                stdout=log,
                stderr=log,
            )
        wait_for("the engine", lambda: self.answers() or process.poll() is not None)
        return process.poll() is None

    def answers(self) -> bool:
        return self.run("version").returncode == 0

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["docker", "--host", self.host, *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60
        )  # or it is a fault

    def lines(self, *words: str) -> list[str]:
        said = self.run(*words)
        assert said.returncode == 0, said.stderr
        return said.stdout.split()


def challenges(folder: Path) -> Path:
    """One small challenge: a web server out of a single file, and a volume."""
    root = folder / "spark"
    (root / "services" / "web").mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox, "install the package 'busybox-static'"
    shutil.copy(busybox, root / "services" / "web" / "busybox")
    (root / "services" / "web" / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/busybox\n"
        'CMD ["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/answers"]\n'
    )
    (root / "docker-compose.yml").write_text(
        "services: {web: {build: services/web, ports: ['8000'], "
        "volumes: ['a:/answers:ro', 'data:/data']}}\nvolumes: {data: {}}\n"
    )
    (root / "metadata.yaml").write_text(
        "{name: Spark, description: d, difficulty: easy, tags: [t]}\n"
    )
    return folder


def play(player: PlatformClient, competition_id: str, *, keep: bool) -> int:
    """Start, use and stop, whatever happens in between; how many were used."""
    used = accepted = 0
    while accepted < INSTANCES // TEAMS:
        try:
            ready = player.instances.start(
                "spark",
                competition_id=competition_id,
                timeout=60,  # then another
            )
        except (InstanceFailed, StartTimeout):
            accepted += 1
            continue
        except (CtfyApiError, httpx.HTTPError):  # away: whether it was accepted nobody knows
            time.sleep(0.5)
            with suppress(CtfyApiError, httpx.HTTPError):
                for stray in player.instances.list():
                    player.instances.stop(stray.id)
            continue
        accepted += 1
        with suppress(httpx.HTTPError):
            httpx.get(
                f"{ready.surface.services[0].url}/flag", timeout=5
            ).raise_for_status()  # it may be killed
            used += 1
        if accepted < INSTANCES // TEAMS or not keep:
            with suppress(CtfyApiError, httpx.HTTPError):
                player.instances.stop(ready.id)
    return used


def kills(up: Stack, second: Process, engine: Engine, over: threading.Event) -> dict[str, int]:
    """Kill something every few seconds, in an order that the seed gives; how often what."""
    dice = random.Random(SEED)
    victims: dict[str, Any] = {
        "server": up.server,
        "worker": up.worker,
        "first node": up.node,
        "second node": second,
        "engine": engine,
    }
    counts = dict.fromkeys(victims, 0)
    while not over.wait(dice.uniform(1.5, 4)):
        name = dice.choice(list(victims))
        print(f"{time.monotonic():.1f} kill {name}", flush=True)
        victims[name].kill()
        over.wait(dice.uniform(0, 1.5))
        victims[name].start()
        counts[name] += 1
    return counts


def rows(database_url: str, *states: str) -> dict[str, str]:
    """Instances by id, with why they ended."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT id, error FROM instances WHERE state = ANY(%s)", [list(states)]
        )
        return dict(found.fetchall())


def on_the_machine(engine: Engine, folders: list[Path]) -> dict[str, set[str]]:
    """The ids of the instances of which there is something, by where it is."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    volumes = {Path(m).parent.name for m in mounts for f in folders if m.startswith(f"{f}/volumes")}
    listed = {
        kind: {name.removeprefix("ctfy-").rpartition("-")[0] for name in names}
        for kind, names in (
            ("containers", engine.lines("ps", "-a", "--format", "{{.Names}}")),
            ("networks", engine.lines("network", "ls", "--format", "{{.Name}}")),
            ("volumes", engine.lines("volume", "ls", "--format", "{{.Name}}")),
        )
    }
    listed["networks"] -= {"", "spare"}  # Docker's own, and those that nodes make ahead
    listed["networks"] |= {name for names in spares(engine).values() for name in names}
    return {
        **listed,
        "mounts": volumes,
        "folders": {path.name for f in folders for path in (f / "instances").iterdir()},
    }


def spares(engine: Engine) -> dict[str, list[str]]:
    """The bridges of networks that nodes made ahead, each with the instances on it."""
    ids = engine.lines("network", "ls", "--quiet", "--filter", "label=ctfy.spare")
    form = (
        '{{index .Options "com.docker.network.bridge.name"}}{{range .Containers}},{{.Name}}{{end}}'
    )
    # One may be removed between the two questions.
    said = engine.run("network", "inspect", "--format", form, *ids).stdout if ids else ""
    found = {}
    for line in said.split():
        bridge, *names = line.split(",")
        found[bridge] = [name.removeprefix("ctfy-").rpartition("-")[0] for name in names]
    return found


def only_spares(engine: Engine) -> bool:
    """Whether every bridge and rule is one of a network made ahead."""
    known = set(spares(engine))
    return set(links("cti", "cte")) == known and all(
        any(bridge in rule for bridge in known) for rule in rules()
    )


def links(*prefixes: str) -> list[str]:
    """The network interfaces of such names."""
    said = subprocess.run(["ip", "-j", "link"], capture_output=True, text=True, check=True).stdout
    names = [str(link["ifname"]) for link in json.loads(said)]
    return [name for name in names if name.startswith(prefixes)]


def rules() -> list[str]:
    """What the firewall holds of single instances."""
    said = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    named = re.compile(r"10\.213\.|\bct[ie][0-9a-f]{12}")
    return [line for line in said.splitlines() if named.search(line)]


def main(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    engine = Engine(folder)
    engine.start()
    os.environ["DOCKER_HOST"] = engine.host
    with cloned_database() as database_url:
        make_admin(database_url)
        with (
            stack(
                database_url,
                folder,
                mint_invite,
                provider="docker",
                challenges=challenges(folder / "challenges"),
                capacity=12,
                worker_apart=True,
                CTFY_STALLED_JOB_S="4",
                CTFY_NODE_UNREACHABLE_S="8",
                CTFY_MAX_INSTANCES_PER_TEAM="50",
                CTFY_NODE_SPARE_NETWORKS=str(SPARES),
            ) as up,
            sign_in(up.url, ADMIN_EMAIL) as admin,
        ):
            second = Process(
                [
                    *("node", "join", up.url, "--provider", "docker", "--capacity", "12"),
                    *("--data-dir", str(folder / "node2"), "--port", str(free_port())),
                ],
                {**up.node.environment, "CTFY_NODE_TOKEN": mint_invite(up.url)},
                folder / "node2.log",
            )
            second.start()
            try:
                storm(Arena(up.url, admin), up, second, engine, database_url, folder)
            finally:
                second.stop()
    wait_for("no bridges and rules", lambda: not links("cti", "cte") and not rules())


def storm(
    arena: Arena, up: Stack, second: Process, engine: Engine, database_url: str, folder: Path
) -> None:
    competition = arena.competition("spark")
    players = [arena.registered(competition, f"Team {n}") for n in range(TEAMS)]
    over = threading.Event()
    with ThreadPoolExecutor(TEAMS + 1) as pool:
        killing = pool.submit(kills, up, second, engine, over)
        try:
            games = [
                pool.submit(play, player, competition.id, keep=number < LEFT)
                for number, player in enumerate(players)
            ]
            used = sum(game.result(600) for game in games)
        finally:
            over.set()
        print(f"killed: {killing.result()}, repaired: {engine.repaired}; used: {used}", flush=True)
    wait_for("the platform", up.healthy)
    folders = [folder / "node", folder / "node2"]

    def settled() -> bool:
        """Whether everything has come to an end, and the machine holds what the table says."""
        if rows(database_url, "requested", "starting", "stopping"):
            return False
        running = set(rows(database_url, "ready"))
        return all(there == running for there in on_the_machine(engine, folders).values())

    try:
        wait_for("table and machine to agree", settled)
        print(f"running: {len(rows(database_url, 'ready'))}", flush=True)
        arena.admin.admin.instances.stop_all()
        wait_for("the end", lambda: not rows(database_url, "ready") and settled())
    except AssertionError:
        print({state: len(rows(database_url, state)) for state in STATES}, flush=True)
        print(on_the_machine(engine, folders), rows(database_url, "ready").keys(), flush=True)
        raise
    # Nodes look every 15 s for what the engine forgot when it was killed.
    wait_for("no bridges and rules but the spares'", lambda: only_spares(engine))
    assert len(spares(engine)) <= 2 * SPARES
    failed = rows(database_url, "error")
    assert all(failed.values()), failed  # each says why
    print(f"failed: {len(failed)}: {set(failed.values())}", flush=True)
    assert len(rows(database_url, "stopped", "error")) >= INSTANCES
    assert used >= INSTANCES // 3


STATES = ("requested", "starting", "ready", "stopping", "stopped", "error")

if __name__ == "__main__":
    main(Path(sys.argv[1]))
