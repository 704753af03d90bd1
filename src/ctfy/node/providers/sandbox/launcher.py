"""Runs inside the sandbox, with Python's standard library alone.

Drops privileges, sets the limits, starts the service, and joins the connections that the node
accepts for players to the service's port on the sandbox's own loopback.

The one thing from outside is a listening Unix socket. Such a socket can accept, never connect, so
a service that gets hold of it reaches nothing with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

_CHUNK = 65536


def drop_privileges(uid: int | None) -> None:
    """Become an unprivileged user; without privileges to drop there is nothing to do."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def limit(config: dict[str, Any]) -> None:
    """Set the service's resource limits, which its children inherit."""
    os.nice(config["nice"])
    memory = config["memory_mb"] * 1024 * 1024
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NPROC, config["processes"]),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_FSIZE, config["file_mb"] * 1024 * 1024),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


async def answers(port: int) -> bool:
    """Whether something listens on the port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then pass the end on."""
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


async def main() -> int:
    """Run the service; its exit code."""
    config = json.loads(sys.argv[1])
    drop_privileges(config["uid"])
    service = subprocess.Popen(  # noqa: ASYNC220
        config["run"],
        stdin=subprocess.DEVNULL,
        cwd="/challenge",
        preexec_fn=lambda: limit(config),
    )
    listener = socket.socket(fileno=config["listener"])
    port = config["port"]

    async def join(
        outside_reader: asyncio.StreamReader, outside_writer: asyncio.StreamWriter
    ) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            outside_writer.close()
            return
        await asyncio.gather(pump(outside_reader, writer), pump(reader, outside_writer))
        writer.close()
        outside_writer.close()

    server = await asyncio.start_unix_server(join, sock=listener)
    while service.poll() is None and not await answers(port):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    if service.poll() is None:
        os.write(config["ready"], b"r")
    os.close(config["ready"])
    async with server:
        while service.poll() is None:  # noqa: ASYNC110 - a child's end is no asyncio event here
            await asyncio.sleep(0.25)
    return service.returncode


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
