"""The two ends that `bench/routes.py` needs beside the server, each a process of its own.

`wire.py bare PORT` is an ASGI app without anything in it, under uvicorn as our server runs it. It
answers every request with what it was last given by a PUT. `wire.py client` reads jobs from its
input, a line of JSON each, and says on its output what became of them.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle, islice
from typing import Any, cast

import uvicorn
import uvloop

from ctfy.cli.operator.processes import bounded_http

CONNECTIONS = 32
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One kept-alive connection, which asks the next request as soon as one is answered."""

    def __init__(self, requests: Iterator[bytes], end: float, statuses: Counter[str]) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._requests, self._end, self._statuses = requests, end, statuses
        self._answer, self._size = bytearray(), 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the first."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        request = next(self._requests, None) if time.perf_counter() < self._end else None
        if request is None:
            self._finish()
        else:
            self._transport.write(request)

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Count the answer when it is whole."""
        answer = self._answer
        answer += data
        if not self._size:
            head = answer.find(b"\r\n\r\n") + 4
            if head < 4:
                return
            length = _LENGTH.search(answer, 0, head)
            if length or answer[9:12] == b"204":
                self._size = head + (int(length[1]) if length else 0)
            else:
                self._size = -1  # in chunks
        whole = len(answer) >= self._size if self._size > 0 else answer.endswith(b"0\r\n\r\n")
        if whole:
            self._statuses[answer[9:12].decode()] += 1
            answer.clear()
            self._size = 0
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """A server that hangs up is seen in the statuses."""
        if not self.done.done():
            self._statuses["lost"] += 1
            self._finish()


async def drive(port: int, requests: list[str], most: int, seconds: float) -> dict[str, Any]:
    """Ask `requests` one after the other, over and over, `most` of them or for so many seconds."""
    statuses: Counter[str] = Counter()
    upcoming = islice(cycle([r.encode() for r in requests]), most)
    began = time.perf_counter()
    loop = asyncio.get_running_loop()

    def connection() -> Connection:
        return Connection(upcoming, began + seconds, statuses)

    made = [loop.create_connection(connection, "127.0.0.1", port) for _ in range(CONNECTIONS)]
    for _, one in await asyncio.gather(*made):
        await one.done
    return {"seconds": time.perf_counter() - began, "statuses": statuses}


def client() -> None:
    """Do the jobs that come, until there are no more."""
    for job in sys.stdin:
        print(json.dumps(uvloop.run(drive(**json.loads(job)))), flush=True)


class Bare:
    """Answers with what it was given: a status, headers and a body."""

    start: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
    body: dict[str, Any] = {"type": "http.response.body", "body": b""}

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Take a new answer, or give the one there is."""
        if scope["method"] == "PUT":
            text, more = b"", True
            while more:
                message = await receive()
                text, more = text + message["body"], message["more_body"]
            given = json.loads(text)
            headers = [(name.encode("latin-1"), value.encode("latin-1"))
                       for name, value in given["headers"]]  # fmt: skip
            self.start = {**self.start, "status": given["status"], "headers": headers}
            self.body = {**self.body, "body": given["body"].encode("latin-1")}
        await send(self.start)
        await send(self.body)


if __name__ == "__main__":
    if sys.argv[1] == "client":
        client()
    else:
        uvicorn.run(
            Bare(),
            port=int(sys.argv[2]),
            http=bounded_http(),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            lifespan="off",
        )
