"""`ctfy-admin server` and `ctfy-admin worker`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli.operator.processes import configure_logs, until_signal
from ctfy.cli.output import fail

app = typer.Typer(no_args_is_help=True)

DataDir = Annotated[Path, typer.Option(help="Where everything is kept", envvar="CTFY_DATA_DIR")]
ChallengesDir = Annotated[
    Path, typer.Option(help="The folder of challenges", envvar="CTFY_CHALLENGES_DIR")
]


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what can go wrong at a start into one clear line and exit code 1."""
    try:
        yield
    except FileNotFoundError as error:
        fail(f"{error.filename}: {error.strerror}" if error.strerror else str(error))
    except PermissionError as error:
        fail(f"{error.filename}: {error.strerror}", hint="choose another --data-dir")
    except OSError as error:
        fail(str(error))
    except (ValueError, RuntimeError) as error:
        _explain(error)
        raise


def _explain(error: Exception) -> None:
    """Exit with a line about errors of ours; the modules that name them are slow to load."""
    from ctfy.challenge.catalogue import BrokenChallenge
    from ctfy.server.database.migrate import NewerDatabase

    if isinstance(error, BrokenChallenge):
        more = f" (and {len(error.findings) - 1} more)" if len(error.findings) > 1 else ""
        fail(f"{error.findings[0]}{more}", hint="see `ctfy-admin challenge audit --all`")
    if isinstance(error, NewerDatabase):
        fail(str(error))


@contextlib.contextmanager
def database(settings: Any) -> Iterator[str]:
    """The URL of a migrated database: the one that is set, else the embedded one while in here."""
    from ctfy.server.database.embedded import EmbeddedPostgres
    from ctfy.server.database.migrate import upgrade

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    embedded = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    try:
        url = embedded.start() if embedded else settings.database_url
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
    challenges_dir: ChallengesDir = Path("examples/challenges"),
    worker: Annotated[bool, typer.Option(help="Run a job worker inside")] = True,
) -> None:
    """Run the API, with a job worker inside, until stopped."""
    import uvicorn

    from ctfy.server.app import create_app
    from ctfy.server.bootstrap import bootstrap
    from ctfy.server.observability.tracing import traced
    from ctfy.server.settings import Settings

    configure_logs()
    settings = Settings(host=host, port=port, data_dir=data_dir, challenges_dir=challenges_dir)
    with one_line_errors(), database(settings) as url:
        settings.database_url = url
        asyncio.run(bootstrap(settings))
        # Every reader of the events is an open file.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        # Few circles are made a request, and a full look through everything takes long.
        gc.set_threshold(20_000, 20, 50)
        app = create_app(settings, with_worker=worker)
        platform = app.state.platform
        uvicorn.run(
            traced(app, platform.database, platform.background),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )


def worker(
    data_dir: DataDir = Path("data"),
    challenges_dir: ChallengesDir = Path("examples/challenges"),
) -> None:
    """Run a job worker alone, beside any number of servers and workers."""
    from ctfy.server.platform import Platform
    from ctfy.server.settings import Settings
    from ctfy.server.worker import run

    configure_logs()
    settings = Settings(data_dir=data_dir, challenges_dir=challenges_dir)
    with one_line_errors(), database(settings) as url:
        settings.database_url = url
        asyncio.run(until_signal(run(Platform.create(settings))))
