"""What a node fetches from its platform, and what it does without one."""

from __future__ import annotations

import asyncio
import http.server
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ctfy.challenge.archive import pack
from ctfy.challenge.catalogue import Catalogue, Challenge, load_challenge
from ctfy.node.library import Library
from ctfy.node.providers.base import StartFailed
from ctfy.sdk.base import BaseHttpClient

METADATA = (
    "{name: Notes, description: d, difficulty: easy, tags: [t], "
    "questions: [{id: q, prompt: w?, answer: %s}]}\n"
)


def made(folder: Path, answer: str) -> Challenge:
    root = folder / answer / "notes"
    (root / "attachments").mkdir(parents=True)
    (root / "metadata.yaml").write_text(METADATA % answer)
    (root / "attachments" / "noise").write_bytes(bytes(n * 7 % 251 for n in range(50_000)))
    return load_challenge(root.parent, root)


def packed(challenge: Challenge) -> bytes:
    buffer = io.BytesIO()
    pack(challenge.path, buffer)
    return buffer.getvalue()


@contextmanager
def platform(
    archives: dict[str, bytes], current: list[str], at_once: int = 10**9
) -> Iterator[tuple[Callable[[], BaseHttpClient], list[int]]]:
    """A platform that sends at most so many bytes of an archive before it hangs up."""
    starts: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            digest = asked.path.rpartition("/")[2]
            if digest == "challenges":
                rows = [{"id": "notes", "digest": each} for each in current]
                self._send(json.dumps({"challenges": rows}).encode(), 10**9)
            elif digest in archives:
                start = int(parse_qs(asked.query)["start"][0])
                starts.append(start)
                self._send(archives[digest][start:], at_once)
            else:
                self.send_error(404)

        def _send(self, content: bytes, most: int) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:most])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield lambda: BaseHttpClient(url, "node-token", max_retries=0), starts
        finally:
            server.shutdown()


def nobody() -> BaseHttpClient:
    return BaseHttpClient("http://127.0.0.1:9", "node-token", max_retries=0)


def test_a_fetch_goes_on_where_the_connection_broke_off(tmp_path: Path) -> None:
    challenge = made(tmp_path, "one")
    archive = packed(challenge)
    at_once = len(archive) // 2 + 1
    with platform({challenge.digest: archive}, [], at_once) as (client, starts):
        library = Library(Catalogue([]), tmp_path / "versions", platform=client)
        found = asyncio.run(library.get("notes", challenge.digest))
    assert found.digest == challenge.digest
    assert starts == [0, at_once]


def test_what_a_node_has_it_has_without_the_platform(tmp_path: Path) -> None:
    challenge = made(tmp_path, "one")
    with platform({challenge.digest: packed(challenge)}, []) as (client, starts):
        for _ in range(2):  # the second one finds it on disk
            library = Library(Catalogue([]), tmp_path / "versions", platform=client)
            asyncio.run(library.get("notes", challenge.digest))
    assert starts == [0]
    library = Library(Catalogue([]), tmp_path / "versions", platform=nobody)
    asyncio.run(library.follow())
    found = asyncio.run(library.get("notes", challenge.digest))
    assert found.metadata.questions[0].answer == "one"


def test_an_archive_that_is_another_is_not_run(tmp_path: Path) -> None:
    one, other = made(tmp_path, "one"), made(tmp_path, "other")
    with platform({one.digest: packed(other)}, []) as (client, _):
        library = Library(Catalogue([]), tmp_path / "versions", platform=client)
        with pytest.raises(StartFailed, match="digest differs"):
            asyncio.run(library.get("notes", one.digest))


def test_a_version_that_there_is_not_is_said_at_once(tmp_path: Path) -> None:
    with platform({}, []) as (client, _):
        library = Library(Catalogue([]), tmp_path / "versions", platform=client)
        with pytest.raises(StartFailed, match="gives no such version"):
            asyncio.run(library.get("notes", "0" * 64))


def test_what_is_current_is_fetched_before_somebody_orders_it_and_the_rest_pruned(
    tmp_path: Path,
) -> None:
    old, new = made(tmp_path, "old"), made(tmp_path, "new")
    current = [old.digest]

    async def work() -> None:
        library = Library(Catalogue([]), tmp_path / "versions", platform=client)
        used: set[str] = set()
        library.in_use = lambda: used

        async def follow(digest: str) -> None:
            current[:] = [digest]
            await library.follow()
            await library.arrival(None, 60)
            found = library.catalogue.get("notes")
            assert found is not None
            assert found.digest == digest

        await follow(old.digest)
        used.add(old.digest)
        await follow(new.digest)
        assert library.here("notes", old.digest) is not None
        used.clear()
        await follow(old.digest)
        await library.close()

    archives = {each.digest: packed(each) for each in (old, new)}
    with platform(archives, current) as (client, _):
        asyncio.run(work())
