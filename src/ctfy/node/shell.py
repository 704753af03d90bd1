"""A terminal in an instance, over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

from fastapi import WebSocket, WebSocketDisconnect

_CHUNK = 65536


async def serve(socket: WebSocket, command: list[str]) -> None:
    """Run a command on a pseudo-terminal until it ends or the other side disconnects.

    Binary messages are what is typed and shown; a text message `{"resize": [columns, rows]}`
    changes the terminal's size.
    """
    outer, inner = pty.openpty()
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        command, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
    )
    os.close(inner)
    loop = asyncio.get_running_loop()
    shown: asyncio.Queue[bytes] = asyncio.Queue()

    def readable() -> None:
        try:
            chunk = os.read(outer, _CHUNK)
        except OSError:  # EIO: the last process on the terminal is gone
            chunk = b""
        shown.put_nowait(chunk)
        if not chunk:
            loop.remove_reader(outer)

    loop.add_reader(outer, readable)

    async def show() -> None:
        while chunk := await shown.get():
            await socket.send_bytes(chunk)

    async def type_() -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if content := message.get("bytes"):
                await asyncio.to_thread(_write_all, outer, content)
            elif words := message.get("text"):
                _resize(outer, words)

    tasks = [asyncio.create_task(show()), asyncio.create_task(type_())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        loop.remove_reader(outer)
        os.close(outer)  # hangs up on whatever runs there
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.to_thread(process.wait)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()


def _write_all(terminal: int, content: bytes) -> None:
    while content:
        content = content[os.write(terminal, content) :]


def _resize(terminal: int, words: str) -> None:
    with contextlib.suppress(ValueError, KeyError, TypeError, struct.error):
        columns, rows = json.loads(words)["resize"]
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
