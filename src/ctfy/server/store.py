"""Where archives lie: a folder, or a bucket of S3's kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from ctfy.server.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CHUNK = 1024 * 1024


class Store:
    """Files by path, as `<instance id>/traffic.jsonl`. Every method may raise OSError.

    So may the constructor, where `store_url` names no store. The library that a folder needs as
    well is 6 MB in memory, so the first file loads it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        if settings.store_url:
            with _as_oserror("CTFY_STORE_URL"):
                _ = self._store

    @cached_property
    def _store(self) -> ObjectStore:
        from obstore.store import LocalStore, from_url

        if self._settings.store_url:
            return from_url(self._settings.store_url)
        folder = (self._settings.data_dir / "archive").resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalStore(folder)

    async def put(self, path: str, content: bytes | BinaryIO | AsyncIterator[bytes]) -> None:
        """Write a file whole, be it given at once or in parts."""
        with _as_oserror(path):
            await self._store.put_async(path, content)

    async def get(self, path: str) -> bytes | None:
        """A file's content; None when there is none."""
        with _as_oserror(path), suppress(FileNotFoundError):
            result = await self._store.get_async(path)
            return bytes(await result.bytes_async())
        return None

    async def stream(self, path: str, start: int = 0) -> AsyncIterator[bytes]:
        """A file's content in parts, from a byte on. Raises FileNotFoundError before the first."""
        with _as_oserror(path):
            result = await self._store.get_async(path, options={"range": {"offset": start}})
            async for chunk in result.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)

    async def size(self, path: str) -> int | None:
        """A file's size in bytes; None when there is none."""
        with _as_oserror(path), suppress(FileNotFoundError):
            return int((await self._store.head_async(path))["size"])
        return None

    async def sizes(self, folder: str) -> dict[str, int]:
        """The files of a folder with their sizes in bytes."""
        found = {}
        async for batch in self._store.list(prefix=f"{folder}/"):
            for item in batch:
                found[str(item["path"])] = int(item["size"])
        return found

    async def remove(self, folder: str) -> None:
        """Remove a folder with everything in it; one that is not there is no error."""
        paths = list(await self.sizes(folder))
        if paths:
            with _as_oserror(folder), suppress(FileNotFoundError):
                await self._store.delete_async(paths)


@contextmanager
def _as_oserror(what: str) -> Iterator[None]:
    """Give the library's errors as OSErrors, in one line that says of what."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, ValueError) as error:
        raise OSError(f"{what}: {str(error).splitlines()[0]}") from error
