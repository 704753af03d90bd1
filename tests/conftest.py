"""Fixtures: one PostgreSQL for the run, one database and one running platform per worker."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
import uuid
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.accounts.service import ensure_super_admin
from ctfy.server.database.connections import Database
from ctfy.server.database.embedded import EmbeddedPostgres
from ctfy.server.database.migrate import upgrade
from ctfy.server.models.competitions import CompetitionInfo
from tests.available import ALL, lacking
from tests.processes import CHALLENGES, PATIENCE_S, Process, Stack, free_port, stack, wait_for

POSTGRES = "CTFY_TEST_POSTGRES"
TEMPLATE = "ctfy_template"
PASSWORD = "a-long-enough-secret"
_numbers = itertools.count()


# Nobody who asks over HTTP gives up because the machine is busy, unless a test says when.
for kind in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, kind, PATIENCE_S)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Say what is left out: a line for each group. pytest's own header is silent under `-q`."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal and not os.environ.get("PYTEST_XDIST_WORKER"):
        for group, what in lacking().items():
            terminal.write_line(f"left out: the tests that need {group}, for want of {what}")


@pytest.hookimpl(tryfirst=True)  # before the groups are written into the names
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine lacks something for; keep together what shares a fixture."""
    out = [
        item
        for item in items
        if any(lacking().keys() & set(mark.args) for mark in item.iter_markers("needs"))
    ]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]
    for item in items:
        if not item.get_closest_marker("xdist_group") and _of_its_module(item):
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


def _of_its_module(item: pytest.Item) -> bool:
    """Whether it uses a fixture that its module has made once: a server of its own, say.

    On several workers it would be made several times.
    """
    definitions = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]
    return any(
        definition.scope == "module" and definition.baseid == item.location[0]
        for found in definitions
        for definition in found[-1:]
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The controller starts PostgreSQL before there is any worker."""
    # Each of the tests' many nodes would make and remove as many as a node in earnest.
    os.environ.setdefault("CTFY_NODE_SPARE_NETWORKS", "2")
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    if os.environ.get(ALL) and lacking():
        missing = "; ".join(f"{group}: {what}" for group, what in lacking().items())
        raise pytest.UsageError(f"{ALL} is set, and this machine lacks for {missing}")
    folder = Path(tempfile.mkdtemp(prefix="ctfy-tests-"))
    # pytest's own place is shared by all runs of the user, and each run closes it to others: also
    # to the user that an embedded database of root runs as.
    config.option.basetemp = config.option.basetemp or str(folder / "files")
    postgres = EmbeddedPostgres(folder)
    url = postgres.start()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET max_connections = 400")
        admin.execute("ALTER SYSTEM SET fsync = off")
    postgres.stop()
    url = postgres.start()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {TEMPLATE}")
    upgrade(in_database(url, TEMPLATE))
    os.environ[POSTGRES] = url
    config.add_cleanup(lambda: _stop_for_good(postgres, folder))


def _stop_for_good(postgres: EmbeddedPostgres, folder: Path) -> None:
    """Stop the database, then remove its files: not the other way round."""
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


_platform_log: Path | None = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test that fails shows what the server of its worker wrote of errors meanwhile."""
    log = _platform_log
    size = log.stat().st_size if log else 0
    try:
        return (yield)
    except BaseException:
        if log:
            with log.open(errors="replace") as lines:
                lines.seek(size)
                told = "".join(line for line in lines if not line.startswith('{"method"'))
            item.add_report_section("call", "server's log", told)
        raise


@pytest.fixture(autouse=True)
def in_turn(request: pytest.FixtureRequest) -> None:
    """The tests of a group are all on one worker; else they would not take turns."""
    group = request.node.get_closest_marker("xdist_group")
    if group and request.config.getoption("loadgroup", False):
        assert request.node.nodeid.endswith(f"@{group.args[0]}")


def in_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


@contextlib.contextmanager
def cloned_database(template: str = TEMPLATE) -> Iterator[str]:
    """A migrated database of its own, or another template's copy; dropped afterwards."""
    url = os.environ[POSTGRES]
    name = f"ctfy_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield in_database(url, name)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    with cloned_database() as url:
        make_admin(url)
        yield url


@pytest.fixture(scope="session")
def provider() -> str:
    return "sandbox"


@pytest.fixture(scope="session")
def running(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """This worker's platform: server with worker, and a node with the sandbox provider."""
    # Most tests leave their instances running: there must be room for all of them.
    folder = tmp_path_factory.mktemp("platform")
    global _platform_log
    with stack(database_url, folder, mint_invite, capacity=500) as up:
        _platform_log = up.server.log
        yield up
        _platform_log = None


@pytest.fixture(scope="session")
def secret(running: Stack) -> bytes:
    """The root of all answers of this worker's platform."""
    return (running.folder / "platform" / "secret.key").read_text().strip().encode()


ADMIN_EMAIL = "root@example.org"


def make_admin(database_url: str) -> None:
    async def create() -> None:
        database = Database(database_url)
        async with database.transaction() as session:
            await ensure_super_admin(session, ADMIN_EMAIL, PASSWORD)
        await database.close()

    with ThreadPoolExecutor(1) as apart:  # a browser's tests have an event loop in this thread
        apart.submit(asyncio.run, create()).result()


def sign_in(url: str, email: str) -> PlatformClient:
    token = PlatformClient(url).auth.login(email, PASSWORD).token
    return PlatformClient(url, token, max_retries=0)


def mint_invite(url: str) -> str:
    with sign_in(url, ADMIN_EMAIL) as admin:
        return admin.admin.nodes.mint_invite().registration_token


@dataclass
class Arena:
    """A platform with an admin, in which tests make players and competitions of their own."""

    url: str
    admin: PlatformClient

    def player(self, name: str = "Player") -> PlatformClient:
        email = f"player-{uuid.uuid4().hex}@example.org"
        token = PlatformClient(self.url).auth.register(email, PASSWORD, name).token
        return PlatformClient(self.url, token, max_retries=0)

    def deputy(self, name: str = "Deputy", role: str = "admin") -> PlatformClient:
        """An administrator; whoever becomes one signs in anew."""
        with self.player(name) as person:
            me = person.me.get()
        self.admin.admin.users.set_role(me.id, role)
        assert me.email
        return sign_in(self.url, me.email)

    def competition(self, *challenges: str, **fields: object) -> CompetitionInfo:
        ids = list(challenges) or sorted(p.parent.name for p in CHALLENGES.glob("*/metadata.yaml"))
        values = {"title": f"Cup {next(_numbers)}", "status": "published", **fields}
        return self.admin.admin.competitions.create(challenge_ids=ids, **values)  # type: ignore[arg-type]

    def registered(self, competition: CompetitionInfo, name: str = "Player") -> PlatformClient:
        player = self.player(name)
        player.competition(competition.id).register()
        return player


@pytest.fixture(scope="session")
def arena(running: Stack) -> Iterator[Arena]:
    with sign_in(running.url, ADMIN_EMAIL) as admin:
        yield Arena(running.url, admin)


@contextlib.contextmanager
def lone_server(folder: Path, **environment: str) -> Iterator[str]:
    """A server with its worker and a database of its own, and no node; its address."""
    with lone_server_and_database(folder, **environment) as (url, _):
        yield url


@contextlib.contextmanager
def lone_server_and_database(folder: Path, **environment: str) -> Iterator[tuple[str, str]]:
    """The same, and its database's address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with cloned_database() as database:
        make_admin(database)
        process = Process(
            ["server", "start", "--port", str(port)],
            {
                "CTFY_DATABASE_URL": database,
                "CTFY_DATA_DIR": str(folder),
                "CTFY_CHALLENGES_DIR": str(CHALLENGES),
                "CTFY_RATE_LIMITING_ENABLED": "false",
                "CTFY_PORT": str(port),
                **environment,
            },
            folder / "server.log",
        )
        process.start()
        try:
            wait_for("the server", lambda: answers(url))
            yield url, database
        finally:
            process.stop()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health").status_code == 200
    except httpx.HTTPError:
        return False
