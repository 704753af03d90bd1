"""`ctfy-admin server` and `ctfy-admin worker`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.operator.processes import (
    announced,
    configure_logs,
    loading,
    processors,
    until_signal,
)
from ctfy.cli.operator.supervisor import (
    NothingStarts,
    Part,
    Supervisor,
    hand_over,
    hold_signals,
    taken_over,
)
from ctfy.cli.output import Code, fail, out, prints

if TYPE_CHECKING:
    from ctfy.server.services import Application
    from ctfy.server.settings import Settings

app = typer.Typer(no_args_is_help=True)

DataDir = Annotated[Path, typer.Option(help="Where everything is kept", envvar="CTFY_DATA_DIR")]
DatabaseUrl = Annotated[
    str,
    typer.Option(
        envvar="CTFY_DATABASE_URL",
        help="A PostgreSQL of your own, as postgresql://user@host/name; default: one in "
        "--data-dir. The variable keeps a password out of `ps`",
    ),
]
ChallengesDir = Annotated[
    Path, typer.Option(help="The folder of challenges", envvar="CTFY_CHALLENGES_DIR")
]
Processes = Annotated[
    int | None,
    typer.Option(
        envvar="CTFY_PROCESSES",
        min=1,
        max=1024,
        help="How many share the port; default: as many as processors",
    ),
]
CHALLENGES = Path("challenges")
# Of a server to its database: what a process of it has at least, beside its pool, and what the
# worker and the operators' own programs have.
_SMALLEST_POOL, _BESIDE_THE_POOL, _BESIDE_THE_SERVER = 5, 10, 60
_BACKLOG = 2048


def write_samples(challenges_dir: Path) -> None:
    """Let the folder of challenges that is meant when none is named begin with the samples."""
    if challenges_dir == CHALLENGES and not challenges_dir.exists():
        from ctfy.challenge import samples

        with contextlib.suppress(FileExistsError):  # another part was quicker
            samples.write(challenges_dir)
            out.print(f"{challenges_dir} holds the sample challenges now: put yours beside them.")


def init(
    challenges_dir: Annotated[Path, typer.Argument(help="A new folder")] = CHALLENGES,
) -> None:
    """Write the sample challenges to a new folder. `ctfy-admin up` does it where none is there.

    Example: ctfy-admin init
    """
    from ctfy.challenge import samples

    with one_line_errors():
        samples.write(challenges_dir)
    out.print(f"{challenges_dir} holds the sample challenges: ctfy-admin challenge list")


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what can go wrong at a start into one clear line and exit code 1."""
    try:
        yield
    except FileNotFoundError as error:
        if error.strerror:
            fail(f"{error.filename}: {error.strerror}")
        fail(str(error), hint="`ctfy-admin init` makes one with samples")
    except PermissionError as error:
        fail(f"{error.filename}: {error.strerror}", hint="choose another --data-dir")
    except FileExistsError as error:
        fail(str(error), hint="choose another folder")
    except OSError as error:
        fail(str(error))
    except (ValueError, RuntimeError) as error:
        _explain(error)
        raise


def _explain(error: Exception) -> None:
    """Exit with a line about errors of ours; the modules that name them are slow to load."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        name = "_".join(map(str, first["loc"])).upper()
        fail(f"CTFY_{name}: {first['msg'].removeprefix('Value error, ')}")
    if isinstance(error, SettingsError):
        fail(str(error))
    migrate = sys.modules.get("ctfy.server.database.migrate")  # a node may have none
    if migrate and isinstance(error, (migrate.MigrationRefused, migrate.NewerDatabase)):
        fail(str(error))


@contextlib.contextmanager
def database(settings: Any) -> Iterator[str]:
    """The URL of a migrated database: the one that is set, else the embedded one while in here."""
    from ctfy.server.database.embedded import EmbeddedPostgres
    from ctfy.server.database.revision import is_newest

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    embedded = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    try:
        url = embedded.start() if embedded else settings.database_url
        if not is_newest(url):
            from ctfy.server.database.migrate import upgrade

            upgrade(url)
        yield url
    finally:
        if embedded:
            embedded.stop()


@app.command()
def start(
    host: Annotated[str, typer.Option(envvar="CTFY_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="CTFY_PORT", min=1, max=65535)] = 8100,
    data_dir: DataDir = Path("data"),
    challenges_dir: ChallengesDir = CHALLENGES,
    worker: Annotated[bool, typer.Option(help="Run a job worker inside")] = True,
    external_host: Annotated[
        str, typer.Option(help="The name by which people reach this machine")
    ] = "",
    platform_url: Annotated[
        str, typer.Option(help="The URL by which people reach the server; default: from the host")
    ] = "",
    database_url: DatabaseUrl = "",
    processes: Processes = None,
) -> None:
    """Run the API, with a job worker, until stopped. SIGHUP has several processes replaced.

    Example: ctfy-admin server start --host 0.0.0.0 --platform-url https://ctf.example.org
    """
    listeners, before = taken_over()
    most = processes or processors()
    with contextlib.ExitStack() as counted:
        if most > 1:
            counted.enter_context(_counted_together())
        with loading():
            from ctfy.server.app import create_app
            from ctfy.server.bootstrap import bootstrap
            from ctfy.server.settings import Settings

        configure_logs()
        with one_line_errors():
            settings = Settings(
                host=host,
                port=port,
                data_dir=data_dir,
                challenges_dir=challenges_dir,
                database_url=database_url,
            )
        if platform_url or external_host:
            settings.public_url = platform_url or f"http://{external_host}:{port}"
        with one_line_errors(), database(settings) as url:
            settings.database_url = url
            if not listeners:
                check_port(host, port)
            write_samples(challenges_dir)
            most = _as_many_as_connect(url, most, asked=processes is not None)
            if most > 1 or listeners:
                hold_signals()
            asyncio.run(bootstrap(settings))
            # Every reader of the events is an open file.
            _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            # Few circles are made a request, and a full look through everything takes long.
            gc.set_threshold(20_000, 20, 50)
            if most == 1 and not listeners:
                with loading():
                    app = create_app(settings, with_worker=worker)
                _serve(app, settings, lambda: _say_up(settings))
                return
            _serve_together(most, settings, listeners, before, worker)


def _serve_together(
    processes: int,
    settings: Settings,
    listeners: list[socket.socket],
    before: list[int],
    with_worker: bool,
) -> None:
    """Answer requests by several processes, until SIGTERM or SIGINT; SIGHUP begins all anew.

    `listeners`: the port's, where it listens already. `before`: those that answer now, and end as
    others take their places.
    """
    from ctfy.server.app import create_app
    from ctfy.server.database.peers import Peers

    workers = [Part("worker", functools.partial(_work, settings.model_copy()))]
    settings.database_pool_size = _pool_of_each(settings.database_pool_size, processes)
    with loading():
        app = create_app(settings, with_worker=False)
    listeners = listeners or _listening(settings.host, settings.port)
    app.services.get(Peers).share(processes)
    serve = functools.partial(_serve_beside, processes, app, settings, listeners)
    servers = [Part("server", functools.partial(serve, number)) for number in range(processes)]
    # The first server tells what is wrong, if anything; then jobs wait no longer.
    parts = [servers[0], *(workers if with_worker else []), *servers[1:]]
    renew = functools.partial(_replaced, app, settings)
    supervisor = Supervisor(parts, lambda: _say_up(settings), renew, before)
    try:
        working = supervisor.run()
    except NothingStarts as error:
        fail(f"the {error} could not start", hint="its log above says why")
    if working:
        hand_over(listeners, working)


def _say_up(settings: Settings) -> None:
    out.print(f"the server is up at {settings.url}", soft_wrap=True)


def _serve(
    app: Application,
    settings: Settings,
    up: Callable[[], None],
    sockets: list[socket.socket] | None = None,
) -> None:
    """Answer requests until SIGTERM or SIGINT; `up` is called when it does."""
    import uvicorn

    from ctfy.cli.operator.bounded_http import BoundedHttp
    from ctfy.server.database.connections import Background, Database
    from ctfy.server.observability.tracing import traced

    pools = (app.services.get(kind) for kind in (Database, Background))
    config = uvicorn.Config(
        traced(app, *pools),
        host=settings.host,
        port=settings.port,
        http=BoundedHttp,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the application itself knows which to trust
        timeout_graceful_shutdown=3,
        backlog=_BACKLOG,
    )
    server = announced(config, up)
    server.run(sockets)
    if not server.started:
        fail("the server could not start", hint="its log above says why")


def _serve_beside(
    processes: int,
    app: Application,
    settings: Settings,
    listeners: list[socket.socket],
    number: int,
    up: Callable[[], None],
) -> None:
    """Answer requests as one of several forked processes."""
    from ctfy.server.access.secrets import hash_at_once
    from ctfy.server.database.peers import Peers

    hash_at_once(max(1, (os.cpu_count() or 1) // processes))
    app.services.get(Peers).join(number)
    _serve(app, settings, up, listeners)


def _work(settings: Settings, up: Callable[[], None]) -> None:
    """Work as a process beside servers."""
    from ctfy.server import worker
    from ctfy.server.access.secrets import hash_at_once

    hash_at_once(1)
    with one_line_errors():
        asyncio.run(until_signal(worker.run(settings, up)))


def _replaced(app: Application, settings: Settings, process: int) -> None:
    """Before the process that takes the place of a dead one: it begins as the others are now."""
    from ctfy.challenge.catalogue import Catalogue
    from ctfy.server.database.peers import Peers
    from ctfy.server.observability.counters import Metrics

    app.services.get(Metrics).forget(process)
    app.services.get(Peers).left(process)
    with contextlib.suppress(OSError):  # told when they were scanned
        app.services.get(Catalogue).rescan(settings.challenges_dir)


@contextlib.contextmanager
def _counted_together() -> Iterator[None]:
    """Have every process see what all of them counted, by files of the metrics' library.

    It looks for the variable when it is imported. A program that took over goes on with the files;
    a folder that the operators named stays.
    """
    variable = "PROMETHEUS_MULTIPROC_DIR"
    prefix = "ctfy-metrics-"
    folder = os.environ.get(variable) or tempfile.mkdtemp(prefix=prefix)
    os.environ[variable] = folder
    try:
        yield
    finally:
        if Path(folder).name.startswith(prefix):
            shutil.rmtree(folder, ignore_errors=True)


def _pool_of_each(pool: int, processes: int) -> int:
    return max(min(pool, _SMALLEST_POOL), pool // processes)


def _as_many_as_connect(url: str, processes: int, *, asked: bool) -> int:
    """How many processes the database has connections for, at most as many as wanted.

    Exits when more were asked for.
    """
    if processes == 1:
        return 1
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting('max_connections')::int").fetchone()
    connections = row[0] if row else 0
    each = 2 * _SMALLEST_POOL + _BESIDE_THE_POOL
    most = max(1, (connections - _BESIDE_THE_SERVER) // each)
    if processes <= most:
        return processes
    enough = _BESIDE_THE_SERVER + each * processes
    short = f"max_connections of the database is {connections}, and {processes} processes may take"
    if asked:
        fail(f"{short} {enough}", hint=f"raise it, or choose --processes {most}")
    out.print(f"{short} {enough}: there are {most}.", soft_wrap=True)
    return most


def _listening(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of the host: whoever connects waits until a process answers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [
        socket.create_server(address, family=family, backlog=_BACKLOG)
        for family, address in dict.fromkeys((each[0], each[4]) for each in found)
    ]


def check_port(host: str, port: int) -> None:
    """Exit with one line when somebody else listens there."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        fail(f"port {port} on {host} is taken ({error.strerror})", hint="choose another --port")


def worker(
    data_dir: DataDir = Path("data"),
    challenges_dir: ChallengesDir = CHALLENGES,
    database_url: DatabaseUrl = "",
) -> None:
    """Run a job worker alone, beside any number of servers and workers.

    Example: CTFY_DATABASE_URL=postgresql://… ctfy-admin worker
    """
    with loading():
        from ctfy.server.database.revision import named
        from ctfy.server.settings import Settings
        from ctfy.server.worker import run

    configure_logs()
    with one_line_errors():
        settings = Settings(
            data_dir=data_dir,
            challenges_dir=challenges_dir,
            database_url=database_url,
        )
    with one_line_errors(), database(settings) as url:
        settings.database_url = url
        write_samples(challenges_dir)
        up = f"the worker is up: it takes jobs from {named(url)}"
        asyncio.run(until_signal(run(settings, lambda: out.print(up, soft_wrap=True))))


@app.command()
@prints("url status version running_instances capacity hostname")
def status() -> dict[str, Any]:
    """Say whether the server answers, and how busy it is.

    Example: ctfy-admin server status
    """
    found = session.anyone().health().model_dump()
    return {"url": session.server_url(), **found}


@app.command()
@prints(people=lambda made: out.print(made["command"], markup=False, soft_wrap=True))
def invite(
    role: Annotated[str, typer.Option(help="What joins; there are only nodes")] = "node",
    capacity: Annotated[int | None, typer.Option(min=1, help="For the printed command")] = None,
    label: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, repeatable")] = None,
    ttl: Annotated[int, typer.Option(min=60, max=604_800, help="Seconds")] = 86_400,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it as environment variables")
    ] = None,
) -> dict[str, Any] | str:
    """Mint a one-time token by which a node joins, and print how.

    Example: ctfy-admin server invite --label region=eu
    """
    if role not in ("node", "worker"):
        fail(f"nothing joins as {role!r}", hint="--role node", code=Code.USAGE)
    token = session.admin().nodes.mint_invite(ttl)
    url = session.server_url()
    options = [f"--capacity {capacity}"] if capacity else []
    options += [f"--label {item}" for item in label or []]
    join = " ".join(["ctfy-admin", "node", "join", url, *options])
    if output is not None:
        lines = f"CTFY_URL={url}\nCTFY_NODE_TOKEN={token.registration_token}\n"
        try:
            with open(output, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(lines)
        except OSError as error:
            fail(f"{output}: {error.strerror}", hint="choose another --output")
        return f"{output} written; on the node: set -a; . {output.name}; {join}"
    # The variable keeps the token out of the node's process list.
    command = f"CTFY_NODE_TOKEN={token.registration_token} {join}"
    return token.model_dump(mode="json") | {"command": command}
