"""Where archives lie: a folder, or a bucket of S3's kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import BinaryIO

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from ctfy.server.settings import Settings

_CHUNK = 1024 * 1024


class Store:
    """Files by path, as `<instance id>/traffic.jsonl`. Every method may raise OSError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: ObjectStore | None = None

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            if self._settings.store_url:
                self._opened = from_url(self._settings.store_url)
            else:
                folder = (self._settings.data_dir / "archive").resolve()
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._opened = LocalStore(folder)
        return self._opened

    async def put(self, path: str, content: bytes | BinaryIO | AsyncIterator[bytes]) -> None:
        """Write a file whole, be it given at once or in parts."""
        try:
            await self._store.put_async(path, content)
        except BaseError as error:
            raise OSError(f"{path}: {error}") from error

    async def get(self, path: str) -> bytes | None:
        """A file's content; None when there is none."""
        try:
            result = await self._store.get_async(path)
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise OSError(f"{path}: {error}") from error

    async def stream(self, path: str) -> AsyncIterator[bytes]:
        """A file's content in parts. Raises FileNotFoundError before the first one."""
        try:
            result = await self._store.get_async(path)
            async for chunk in result.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except FileNotFoundError:
            raise
        except BaseError as error:
            raise OSError(f"{path}: {error}") from error

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
            try:
                await self._store.delete_async(paths)
            except FileNotFoundError:
                return
            except BaseError as error:
                raise OSError(f"{folder}: {error}") from error
