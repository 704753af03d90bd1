"""The WebSocket between a super admin's terminal and a container, with everything recorded."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import WebSocket, WebSocketDisconnect
from sqlalchemy import bindparam, select, update
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from ctfy.server.access.idempotency import Router
from ctfy.server.access.secrets import Secret, node_token
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.kernel import TheDatabase, TheSecret, TheSettings, TheStore
from ctfy.server.settings import Settings
from ctfy.server.shell.events import AdminShellSessionClosed
from ctfy.server.shell.service import burn, emit_for_shell
from ctfy.server.store import Store
from ctfy.server.tables.nodes import Node
from ctfy.server.tables.shell import ShellSession

log = structlog.get_logger()
router = Router()

_TICKET_S = 10.0
_LOOK_S = 0.5
_KEEP_EVERY_S = 5.0
_COLUMNS, _ROWS = 120, 32
_MOST_RECORDED = 64 * 1024 * 1024


class Cast:
    """A recording in asciicast v2: what was shown, and what was typed."""

    def __init__(self, title: str) -> None:
        header = {
            "version": 2,
            "width": _COLUMNS,
            "height": _ROWS,
            "timestamp": int(time.time()),
            "title": title,
        }
        self._began = time.monotonic()
        self._lines = [json.dumps(header)]
        self._size = 0
        self._decoders = {
            kind: codecs.getincrementaldecoder("utf-8")("replace") for kind in ("o", "i")
        }

    def add(self, kind: str, content: bytes) -> None:
        """Note what was shown (`o`) or typed (`i`)."""
        self._add(kind, self._decoders[kind].decode(content))

    def resized(self, columns: int, rows: int) -> None:
        """Note a new size."""
        self._add("r", f"{columns}x{rows}")

    def _add(self, kind: str, words: str) -> None:
        if self._size < _MOST_RECORDED and words:
            self._size += len(words)
            at = round(time.monotonic() - self._began, 6)
            self._lines.append(json.dumps([at, kind, words], ensure_ascii=False))

    def content(self) -> bytes:
        """The file so far."""
        return ("\n".join(self._lines) + "\n").encode()


@dataclass
class Traffic:
    """What went through so far, and when something last did."""

    cast: Cast
    bytes_in: int = 0
    bytes_out: int = 0
    last_at: float = field(default_factory=time.monotonic)


@router.websocket("/admin/shell-sessions/{session_id}/ws")
async def shell_socket(
    socket: WebSocket,
    session_id: str,
    settings: TheSettings,
    database: TheDatabase,
    store: TheStore,
    secret: TheSecret,
) -> None:
    """A shell. The first message is `{"ticket": …}`: an address would end in logs.

    Then binary messages are what is typed and shown, and a text message
    `{"resize": [columns, rows]}` changes the terminal's size.
    """
    if not settings.admin_shell_enabled or not _origin_fits(socket, settings):
        await socket.close(4403, "not from here")
        return
    await socket.accept()
    shell = await burn(database, session_id, await _ticket(socket))
    if shell is None:
        await socket.close(4401, "this ticket opens nothing, or nothing any more")
        return
    traffic = Traffic(Cast(f"{shell.container} of {shell.instance_id}"))
    reason = "the node does not answer"
    try:
        async with await _to_node(database, secret, shell) as node:
            reason = await _run(settings, database, store, socket, node, shell, traffic)
    except (OSError, TimeoutError, WebSocketException) as error:
        log.warning("shell_not_opened", session_id=session_id, error=str(error))
    finally:
        await asyncio.shield(_closed(database, store, shell, traffic, reason))
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(1000, reason)


def _origin_fits(socket: WebSocket, settings: Settings) -> bool:
    """Browsers say where a page comes from; other programs do not, and are no pages."""
    origin = socket.headers.get("origin")
    own = urlsplit(settings.url)
    allowed = {f"{own.scheme}://{own.netloc}", *settings.admin_shell_allowed_origins}
    return origin is None or origin in allowed


async def _ticket(socket: WebSocket) -> str:
    try:
        async with asyncio.timeout(_TICKET_S):
            message = await socket.receive_text()
        return str(json.loads(message)["ticket"])
    except (TimeoutError, WebSocketDisconnect, ValueError, KeyError, TypeError):
        return ""


async def _to_node(database: Database, secret: Secret, shell: ShellSession) -> connect:
    async with database.transaction() as session:
        url = await session.scalar(select(Node.url).where(Node.id == shell.node_id))
    if url is None:
        raise OSError("the node is gone")
    query = urlencode({"container": shell.container, "shell": shell.shell})
    address = f"{url.replace('http', 'ws', 1)}/api/v1/instances/{shell.instance_id}/shell?{query}"
    token = node_token(secret, shell.node_id or "")
    return connect(address, additional_headers={"Authorization": f"Bearer {token}"}, max_size=2**20)


async def _run(
    settings: Settings,
    database: Database,
    store: Store,
    socket: WebSocket,
    node: ClientConnection,
    shell: ShellSession,
    traffic: Traffic,
) -> str:
    """Carry everything both ways until one side ends or a limit is reached; which it was."""

    async def typed() -> str:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return "the admin left"
            if content := message.get("bytes"):
                traffic.bytes_in += len(content)
                traffic.last_at = time.monotonic()
                traffic.cast.add("i", content)
                await node.send(content)
            elif words := message.get("text"):
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    columns, rows = map(int, json.loads(words)["resize"])
                    traffic.cast.resized(columns, rows)
                    await node.send(json.dumps({"resize": [columns, rows]}))

    async def shown() -> str:
        try:
            async for content in node:
                chunk = content if isinstance(content, bytes) else content.encode()
                traffic.bytes_out += len(chunk)
                traffic.last_at = time.monotonic()
                traffic.cast.add("o", chunk)
                await socket.send_bytes(chunk)
        except ConnectionClosed:
            pass
        return "the shell ended"

    tasks = [
        asyncio.create_task(typed()),
        asyncio.create_task(shown()),
        asyncio.create_task(_limit(settings, database, store, shell, traffic)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        first = done.pop()
        return first.result() if first.exception() is None else "the connection broke"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_CLOSE_REQUESTED = Statement(
    select(ShellSession.force_close_requested).where(ShellSession.id == bindparam("id"))
)


async def _limit(
    settings: Settings, database: Database, store: Store, shell: ShellSession, traffic: Traffic
) -> str:
    """Return when a limit is reached; meanwhile keep the recording and the counts up to date."""
    opened = kept = time.monotonic()
    while True:
        await asyncio.sleep(_LOOK_S)
        moment = time.monotonic()
        if moment - opened > settings.admin_shell_hard_timeout_s:
            return "hard timeout"
        if moment - traffic.last_at > settings.admin_shell_idle_timeout_s:
            return "idle timeout"
        rows = await database.read(_CLOSE_REQUESTED, id=shell.id)
        if not rows or rows[0].force_close_requested:
            return "closed by an admin"
        if moment - kept > _KEEP_EVERY_S:
            kept = moment
            await _keep(database, store, shell, traffic)


async def _keep(
    database: Database, store: Store, shell: ShellSession, traffic: Traffic, **more: Any
) -> None:
    path, content = f"shell/{shell.id}.cast", traffic.cast.content()
    await store.put(path, content)
    async with database.transaction() as session:
        await session.execute(
            update(ShellSession)
            .where(ShellSession.id == shell.id)
            .values(
                bytes_in=traffic.bytes_in,
                bytes_out=traffic.bytes_out,
                recording_path=path,
                recording_bytes=len(content),
                **more,
            )
        )


async def _closed(
    database: Database, store: Store, shell: ShellSession, traffic: Traffic, reason: str
) -> None:
    await _keep(database, store, shell, traffic, closed_at=now(), close_reason=reason)
    opened = shell.opened_at or datetime.now(UTC)
    async with database.transaction() as session:
        emit_for_shell(
            session,
            AdminShellSessionClosed,
            shell,
            reason=reason,
            duration_s=int((now() - opened).total_seconds()),
            bytes_in=traffic.bytes_in,
            bytes_out=traffic.bytes_out,
            recording_path=f"shell/{shell.id}.cast",
        )
