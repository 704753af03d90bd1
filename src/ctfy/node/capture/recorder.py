"""Writes recorded traffic to files, in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from ctfy.node.capture.bounds import TO_WRITE
from ctfy.node.capture.pcap import HEADER

log = structlog.get_logger()

TRAFFIC, PACKETS = "traffic.jsonl", "capture.pcap"
MOST_BYTES = 256 * 1024 * 1024  # per file and instance
_OUTLINES = 1 / 16  # of a file of flows: the last that is written, without bodies
_EARLIER = ".earlier"

_Item = tuple[Path, bytes | dict[str, Any], int] | threading.Event | None


class Recorder:
    """Appends to files in the order of the calls, without blocking the caller.

    A file holds `most_bytes` at most: of packets the newest, of flows the oldest. The last flows
    that fit are outlines, without bodies and marked as truncated; what comes then is not recorded.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._waiting = 0  # bytes
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="capture", daemon=True)
        self._thread.start()

    def append(self, path: Path, content: bytes | dict[str, Any]) -> None:
        """Add to the end of a file: bytes as they are, a flow as a line of JSON."""
        size = len(content) if isinstance(content, bytes) else _size(content)
        self._count(size)
        self._items.put((path, content, size))

    def _count(self, size: int) -> None:
        with self._counting:
            self._waiting += size

    async def room(self) -> None:
        """Return when little enough waits to be written: whoever is too fast for the disk waits."""
        while self._waiting > TO_WRITE:  # noqa: ASYNC110 - a thread writes
            await asyncio.sleep(0.01)

    async def flushed(self) -> None:
        """Return when everything handed over so far is in its file."""
        done = threading.Event()
        self._items.put(done)
        await asyncio.to_thread(done.wait, 10)

    def close(self) -> None:
        """Write the rest and end."""
        self._items.put(None)
        self._thread.join(10)

    def _work(self) -> None:
        while (item := self._items.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
                continue
            path, content, waited = item
            try:
                self._write(path, content)
            except FileNotFoundError:  # the instance was removed meanwhile, and its folder with it
                continue
            except OSError as error:
                log.debug("not_recorded", path=str(path), error=str(error))
            finally:
                self._count(-waited)

    def _write(self, path: Path, content: bytes | dict[str, Any]) -> None:
        size = path.stat().st_size if path.exists() else 0
        if isinstance(content, dict):
            if size > self._most:
                return
            flow = content  # a long one takes its time: here nobody waits for it
            content = _line(flow)
            if size + len(content) > self._most * (1 - _OUTLINES):
                content = _line(_outline(flow))
            if size + len(content) > self._most:
                return
        elif path.name == PACKETS and size + len(content) > self._most // 2:
            path.replace(path.with_suffix(_EARLIER))  # the newest packets are kept
            content = HEADER + content
        with path.open("ab") as file:
            file.write(content)


def _line(flow: dict[str, Any]) -> bytes:
    return json.dumps(flow, ensure_ascii=False).encode() + b"\n"


def _size(flow: dict[str, Any]) -> int:
    """About how much memory a flow takes."""
    bodies = (flow.get("request"), flow.get("response"), *flow.get("data", ()))
    return 1024 + sum(256 + len(part.get("body", "")) for part in bodies if part)


def _outline(flow: dict[str, Any]) -> dict[str, Any]:
    """A flow without what was said in it, but for the heads of HTTP."""
    cut = {"body": "", "body_encoding": "utf-8", "truncated": True}
    said: dict[str, Any] = {"truncated": True, "data": []}
    if flow.get("kind") == "http":
        said = {side: flow[side] and {**flow[side], **cut} for side in ("request", "response")}
    return {**flow, **said}


def whole_packets(path: Path) -> Path | None:
    """One file of all packets that are kept; None when there are none."""
    earlier = path.with_suffix(_EARLIER)
    if not earlier.exists():
        return path if path.exists() else None
    whole = path.with_suffix(".whole")
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        for number, part in enumerate((earlier, path)):
            with contextlib.suppress(FileNotFoundError), part.open("rb") as source:
                source.seek(len(HEADER) if number else 0)
                shutil.copyfileobj(source, file)
    draft.replace(whole)
    return whole


def read_flows(path: Path, offset: int, limit: int) -> list[dict[str, Any]]:
    """The recorded flows from the `offset`-th on, at most `limit`, oldest first."""
    return [json.loads(line) for line in flow_lines(path, offset, limit, 1 << 62)]


# Where the flow of a number begins, so that whoever reads page by page reads each byte once.
_PLACES: OrderedDict[tuple[Path, int], int] = OrderedDict()
_MOST_PLACES = 4096


def flow_lines(path: Path, offset: int, limit: int, most_bytes: int) -> Iterator[bytes]:
    """The lines of those flows, at most `most_bytes` of them in all, though always one."""
    number, place = 0, 0
    if (path, offset) in _PLACES:
        number, place = offset, _PLACES[path, offset]
    given = 0
    for line in _lines(path, place):
        if number >= offset:
            if number >= offset + limit or (given and given + len(line) > most_bytes):
                break
            given += len(line)
            yield line[:-1]
        number, place = number + 1, place + len(line)
    _PLACES[path, number] = place
    while len(_PLACES) > _MOST_PLACES:
        with contextlib.suppress(KeyError):  # another thread was quicker
            _PLACES.popitem(last=False)


def count_flows(path: Path) -> int:
    """How many flows a file holds."""
    return sum(1 for _ in _lines(path))


def _lines(path: Path, place: int = 0) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(place)
            for line in file:
                if line.endswith(b"\n"):  # a crash may have cut the last one short
                    yield line
    except FileNotFoundError:
        return
