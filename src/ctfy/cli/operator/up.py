"""`ctfy-admin up`: the whole platform with one command."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer

from ctfy.challenge import samples
from ctfy.cli.operator.node import Provider
from ctfy.cli.operator.processes import claim, configure_logs, spawn
from ctfy.cli.operator.server import (
    CHALLENGES,
    ChallengesDir,
    DatabaseUrl,
    DataDir,
    Processes,
    check_port,
    one_line_errors,
    write_samples,
)
from ctfy.cli.output import fail, out
from ctfy.sdk import CtfyApiError, PlatformClient

# How long the parts have to come up, together: `up` waits so long for them, and the node for the
# server. On a machine at rest it is seconds; a busy one takes what it takes.
_START_TIMEOUT_S = 300
_TELL_EVERY_S = 10
_STOP_TIMEOUT_S = 60
_LAST_LINES = 10


def up(
    host: Annotated[str, typer.Option(envvar="CTFY_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="CTFY_PORT", min=1, max=65535)] = 8100,
    data_dir: DataDir = Path("data"),
    challenges_dir: ChallengesDir = CHALLENGES,
    provider: Provider = "auto",
    public_host: Annotated[
        str,
        typer.Option(
            help="Where players reach instances; empty: loopback only, by another name than the "
            "platform's"
        ),
    ] = "",
    demo: Annotated[bool, typer.Option(help="Have a running demo competition")] = True,
    database_url: DatabaseUrl = "",
    processes: Processes = None,
) -> None:
    """Run everything: database, API, job worker, a node, the challenges. Ctrl-C stops it all.

    Example: ctfy-admin up --port 8100
    """
    configure_logs()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with one_line_errors(), contextlib.ExitStack() as parts:
        claim(parts, data_dir, "up.lock")
        check_port(host, port)
        write_samples(challenges_dir)
        plan = Plan(
            host, port, data_dir.resolve(), challenges_dir, provider, public_host, demo, processes
        )
        say("starting the database")
        database = database_url or parts.enter_context(_embedded(plan.data_dir))
        say("starting the API, the job worker and the node")
        since = datetime.now(UTC)
        server = parts.enter_context(_server(plan, database))
        node = parts.enter_context(_node(plan))
        client = parts.enter_context(PlatformClient(plan.url, max_retries=0, timeout=5))
        start = Start(stop, [server, node])
        start.wait_for(server, lambda: client.health().status == "ok")
        start.wait_for(node, lambda: _has_node(client, since))
        _greet(plan)
        _watch(stop, [server, node])
        say("stopping")


@dataclass(frozen=True)
class Plan:
    """What is to run, and the secrets that its first start is given."""

    host: str
    port: int
    data_dir: Path
    challenges_dir: Path
    provider: str
    public_host: str
    demo: bool
    processes: int | None
    email: str = field(
        default_factory=lambda: os.environ.get("CTFY_BOOTSTRAP_EMAIL", "admin@example.org")
    )
    given_password: str = field(
        default_factory=lambda: os.environ.get("CTFY_BOOTSTRAP_PASSWORD", "")
    )
    made_password: str = field(default_factory=lambda: secrets.token_hex(12))
    node_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def url(self) -> str:
        """Where the platform is reached from this machine."""
        everywhere = self.host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
        return f"http://{'127.0.0.1' if everywhere else self.host}:{self.port}"

    @property
    def instances_host(self) -> str:
        """Where instances are. Another name than the platform's: a browser keeps cookies by host
        name whatever the port, and `localhost` and `127.0.0.1` are two.
        """
        ours = self.host == "localhost"
        return self.public_host or ("127.0.0.1" if ours else "localhost")


def say(message: str) -> None:
    """One line of progress."""
    out.print(f"  {message} …")


@dataclass
class Part:
    """A process of the platform, started again when it dies."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)
    _log_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.run()

    def run(self) -> None:
        """Start it, or start it again."""
        self._log_before = self.log.stat().st_size
        self.process = self.start()

    def last_lines(self) -> list[str]:
        """The last that it said since it was started."""
        with self.log.open(errors="replace") as log:
            log.seek(self._log_before)
            return log.read().strip().splitlines()[-_LAST_LINES:]


@dataclass
class Start:
    """The wait for the parts to come up: one bound for all, and no longer than they all live."""

    stop: threading.Event
    parts: list[Part]
    began: float = field(default_factory=time.monotonic)

    def wait_for(self, part: Part, ready: Callable[[], bool]) -> None:
        """Wait until a part is ready, and tell how long already. Exits when any part has ended."""
        told = time.monotonic()
        while not self._ready(ready):
            for other in self.parts:
                if other.process.poll() is not None:
                    _not_started(other)
            now = time.monotonic()
            if now > self.began + _START_TIMEOUT_S:
                _not_started(part, f" within {_START_TIMEOUT_S} s")
            if now > told + _TELL_EVERY_S:
                told = now
                waited = f"{now - self.began:.0f} s of at most {_START_TIMEOUT_S} s"
                say(f"waiting for the {part.name}, {waited}")
            if self.stop.wait(0.05):
                raise typer.Exit(130)

    @staticmethod
    def _ready(ready: Callable[[], bool]) -> bool:
        try:
            return ready()
        except (httpx.HTTPError, CtfyApiError):
            return False


def _not_started(part: Part, when: str = "") -> NoReturn:
    lines = part.last_lines()
    _show(lines)
    words = lines[-1].removeprefix("error: ") if lines else "it said nothing"
    fail(f"the {part.name} did not start{when}: {words}", hint=f"its log is {part.log}")


def _show(lines: list[str]) -> None:
    for line in lines:
        out.print(f"  {line}", markup=False, soft_wrap=True, style="dim")


@contextlib.contextmanager
def _embedded(data_dir: Path) -> Iterator[str]:
    """The embedded database while in here. The server migrates it."""
    from ctfy.server.database.embedded import EmbeddedPostgres

    embedded = EmbeddedPostgres(data_dir)
    try:
        yield embedded.start()
    finally:
        embedded.stop()


@contextlib.contextmanager
def _running(
    name: str, data_dir: Path, arguments: list[str], environment: dict[str, str]
) -> Iterator[Part]:
    """A part of the platform while in here; stopped in order on the way out."""
    log_path = data_dir / f"{name}.log"
    with log_path.open("ab") as log:
        part = Part(name, lambda: spawn(arguments, environment, log), log_path)
        try:
            yield part
        finally:
            part.process.terminate()
            try:
                part.process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                part.process.kill()


def _server(plan: Plan, database_url: str) -> contextlib.AbstractContextManager[Part]:
    joined = (plan.data_dir / "node" / "node.json").exists()  # it keeps its own token
    arguments = ["server", "start", "--host", plan.host, "--port", str(plan.port)]
    arguments += ["--data-dir", str(plan.data_dir), "--challenges-dir", str(plan.challenges_dir)]
    if plan.processes:
        arguments += ["--processes", str(plan.processes)]
    environment = {
        "CTFY_DATABASE_URL": database_url,
        "CTFY_BOOTSTRAP_EMAIL": plan.email,
        "CTFY_BOOTSTRAP_PASSWORD": plan.given_password or plan.made_password,
        "CTFY_BOOTSTRAP_NODE_TOKEN": "" if joined else plan.node_token,
        "CTFY_BOOTSTRAP_DEMO": str(plan.demo),
    }
    return _running("server", plan.data_dir, arguments, environment)


def _node(plan: Plan) -> contextlib.AbstractContextManager[Part]:
    arguments = ["node", "join", plan.url, "--provider", plan.provider]
    arguments += ["--data-dir", str(plan.data_dir / "node")]
    arguments += ["--challenges-dir", str(plan.challenges_dir)]
    arguments += ["--public-host", plan.instances_host]
    environment = {
        "CTFY_NODE_TOKEN": plan.node_token,
        "CTFY_NODE_HEARTBEAT_S": "5",
        "CTFY_NODE_JOIN_TIMEOUT_S": str(_START_TIMEOUT_S),
    }
    return _running("node", plan.data_dir, arguments, environment)


def _has_node(client: PlatformClient, since: datetime) -> bool:
    """Whether a node has beaten since then: the table remembers the node of an earlier start."""
    beats = [node.last_heartbeat for node in client.nodes.list(limit=1000)]
    return any(beat is not None and beat > since for beat in beats)


def _greet(plan: Plan) -> None:
    out.print(f"\nctfy runs at {plan.url}   (API reference: {plan.url}/docs)")
    out.print(f"Instances are at {plan.instances_host}: open the platform at the name above.")
    if plan.instances_host == plan.host:
        out.print(
            "That is the platform's own name, and browsers send sessions to all of its ports: "
            "choose another --public-host.",
            style="yellow",
        )
    if plan.given_password:
        out.print(f"First administrator: {plan.email}, with the password that you set.")
    elif _opens(plan):
        credentials = f"CTFY_EMAIL={plan.email} CTFY_PASSWORD={plan.made_password}"
        shown = f"First administrator: {plan.email}   one-time password: {plan.made_password}"
        out.print(shown, soft_wrap=True)
        out.print("This password is shown once; keep it.", style="dim")
        out.print("\nCapture a first flag, in another shell:", soft_wrap=True)
        quickstart = f"{_near(sys.executable)} {_near(samples.examples() / 'quickstart.py')}"
        out.print(f"  {credentials} {quickstart} --url {plan.url}", soft_wrap=True)
    out.print("\nCtrl-C stops everything.")


def _near(path: Path | str) -> Path:
    """A path as one types it here: from the current folder where it is below that."""
    with contextlib.suppress(ValueError):
        return Path(path).relative_to(Path.cwd())
    return Path(path)


def _opens(plan: Plan) -> bool:
    """Whether this start made the administrator: an earlier one has another password."""
    try:
        with PlatformClient(plan.url, timeout=_START_TIMEOUT_S) as client:
            client.auth.login(plan.email, plan.made_password)
    except CtfyApiError:
        return False
    return True


def _watch(stop: threading.Event, parts: list[Part]) -> None:
    """Start again whatever dies, until told to stop."""
    while not stop.wait(0.5):
        for part in parts:
            if (code := part.process.poll()) is not None:
                _show(part.last_lines())
                out.print(f"{part.name} ended with code {code}; starting it again")
                part.run()
                stop.wait(1)
