"""`ctfy-admin up`: the whole platform with one command."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from ctfy.cli.operator.processes import configure_logs, spawn
from ctfy.cli.operator.server import ChallengesDir, DataDir, database, one_line_errors
from ctfy.cli.output import fail, out
from ctfy.sdk import PlatformClient

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 20


def up(
    host: Annotated[str, typer.Option(envvar="CTFY_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="CTFY_PORT", min=1, max=65535)] = 8100,
    data_dir: DataDir = Path("data"),
    challenges_dir: ChallengesDir = Path("examples/challenges"),
    provider: Annotated[str, typer.Option(help="auto, docker or sandbox")] = "auto",
    public_host: Annotated[
        str, typer.Option(help="Where players reach instances; empty: loopback only")
    ] = "",
    demo: Annotated[bool, typer.Option(help="Have a running demo competition")] = True,
) -> None:
    """Run everything: database, API, job worker, a node, the challenges. Ctrl-C stops it all."""
    from ctfy.challenge.catalogue import Catalogue
    from ctfy.server.settings import Settings

    if provider not in ("auto", "docker", "sandbox"):
        fail(f"no such provider: {provider}", hint="use auto, docker or sandbox", code=2)
    configure_logs()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with one_line_errors(), contextlib.ExitStack() as parts:
        settings = Settings(
            host=host, port=port, data_dir=data_dir.resolve(), challenges_dir=challenges_dir
        )
        say("checking the challenges")
        challenges = list(Catalogue.load(challenges_dir).challenges)
        _claim(parts, settings.data_dir)
        _check_port(host, port)
        say("starting the database")
        settings.database_url = parts.enter_context(database(settings))
        first = asyncio.run(_bootstrap(settings, challenges if demo else []))
        say("starting the API, the job worker and the node")
        url = f"http://{_reachable(host)}:{port}"
        since = datetime.now(UTC)
        server = parts.enter_context(_server(settings))
        node = parts.enter_context(_node(settings, url, provider, public_host, first.invite))
        _wait(stop, "the server", lambda: _answers(url), server)
        _wait(stop, "the node", lambda: _has_node(url, since), node)
        _greet(url, first)
        _watch(stop, [server, node])
        say("stopping")


def say(message: str) -> None:
    """One line of progress."""
    out.print(f"  {message} …")


@dataclass(frozen=True, slots=True)
class First:
    """What the first start made: shown once, so empty later."""

    email: str
    password: str
    invite: str


@dataclass
class Part:
    """A process of the platform, started again when it dies."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.start()


def _claim(parts: contextlib.ExitStack, data_dir: Path) -> None:
    """Have the data directory for ourselves. Raises PermissionError, or exits when it is taken."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = parts.enter_context((data_dir / "up.lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fail(f"{data_dir} is in use by another ctfy", hint="stop it, or choose another --data-dir")


def _check_port(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        fail(f"port {port} on {host} is taken ({error.strerror})", hint="choose another --port")


async def _bootstrap(settings: Any, demo_challenges: list[str]) -> First:
    """The first super admin, the demo competition, and the node's invite."""
    from sqlalchemy import select

    from ctfy.server.access.tables import User
    from ctfy.server.accounts.service import ensure_super_admin
    from ctfy.server.competitions.service import create
    from ctfy.server.competitions.tables import Competition
    from ctfy.server.models.competitions import CompetitionCreate
    from ctfy.server.nodes.service import invite
    from ctfy.server.platform import Platform

    email = os.environ.get("CTFY_BOOTSTRAP_EMAIL", "admin@example.org")
    given = os.environ.get("CTFY_BOOTSTRAP_PASSWORD", "")
    password = given or secrets.token_urlsafe(15)
    platform = Platform.create(settings)
    async with platform.database.transaction() as session:
        created = await ensure_super_admin(session, email, password)
        admin = created or await session.scalar(
            select(User.id).where(User.role == "super_admin").limit(1)
        )
        competition = await session.scalar(select(Competition.id).limit(1))
        if demo_challenges and competition is None and admin is not None:
            body = CompetitionCreate(
                title="Demo",
                description="Every example challenge, open to everybody, for ever.",
                challenge_ids=demo_challenges,
                status="published",
            )
            await create(session, platform, admin, body)
        token = ""
        if not (settings.data_dir / "node" / "node.json").exists():
            _, token = await invite(session, ttl_seconds=3600)
    await platform.database.close()
    if not created:
        return First("", "", token)
    return First(email, "" if given else password, token)


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


def _server(settings: Any) -> contextlib.AbstractContextManager[Part]:
    arguments = ["server", "start", "--host", settings.host, "--port", str(settings.port)]
    arguments += ["--data-dir", str(settings.data_dir)]
    arguments += ["--challenges-dir", str(settings.challenges_dir)]
    environment = {"CTFY_DATABASE_URL": settings.database_url}
    return _running("server", settings.data_dir, arguments, environment)


def _node(
    settings: Any, url: str, provider: str, public_host: str, invite: str
) -> contextlib.AbstractContextManager[Part]:
    arguments = ["node", "join", url, "--provider", provider]
    arguments += ["--data-dir", str(settings.data_dir / "node")]
    arguments += ["--challenges-dir", str(settings.challenges_dir)]
    if public_host:
        arguments += ["--public-host", public_host]
    environment = {"CTFY_NODE_TOKEN": invite, "CTFY_NODE_HEARTBEAT_S": "5"}
    return _running("node", settings.data_dir, arguments, environment)


def _wait(stop: threading.Event, what: str, ready: Callable[[], bool], part: Part) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not ready():
        if part.process.poll() is not None or time.monotonic() > deadline:
            fail(f"{what} did not start: {_last_line(part.log)}", hint=f"see {part.log}")
        if stop.wait(0.05):
            raise typer.Exit(130)


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _has_node(url: str, since: datetime) -> bool:
    """Whether a node has beaten since then: the table remembers the node of an earlier start."""
    with PlatformClient(url) as client:
        beats = [node.last_heartbeat for node in client.nodes.list(limit=1000)]
    return any(beat is not None and beat > since for beat in beats)


def _greet(url: str, first: First) -> None:
    out.print(f"\nctfy runs at {url}   (API reference: {url}/docs)")
    if first.password:
        out.print(f"First administrator: {first.email}   one-time password: {first.password}")
        out.print("This password is shown once; keep it.", style="dim")
        out.print(
            f"\nCapture a first flag, in another shell:\n  python examples/quickstart.py "
            f"--url {url} --email {first.email} --password {first.password}",
            soft_wrap=True,
        )
    elif first.email:
        out.print(f"First administrator: {first.email}, with the password that you set.")
    out.print("\nCtrl-C stops everything.")


def _watch(stop: threading.Event, parts: list[Part]) -> None:
    """Start again whatever dies, until told to stop."""
    while not stop.wait(0.5):
        for part in parts:
            if (code := part.process.poll()) is not None:
                out.print(f"{part.name} ended with code {code}; starting it again")
                part.process = part.start()
                stop.wait(1)
