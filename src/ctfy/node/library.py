"""The challenges of a node: those in a folder of its own, and what it fetches from its platform."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import httpx
import structlog

from ctfy.challenge.archive import ArchiveRefused
from ctfy.challenge.catalogue import Catalogue, Challenge, Changes
from ctfy.challenge.versions import ChallengeRefused, Versions
from ctfy.node.providers.base import StartFailed
from ctfy.sdk.base import BaseHttpClient
from ctfy.sdk.errors import CtfyApiError, CtfyError
from ctfy.server.models.versions import NodeChallenge, NodeChallenges

log = structlog.get_logger()

_FETCH_S = 600.0  # how long one archive may take, with its attempts
_PAUSE_S = 1.0
_READ_S = 30.0
_MOST_ARCHIVE = 4 * 1024**3  # bytes
_LATER = (409, 429, 500, 502, 503, 504)  # the archive is being written, or the platform is busy


class Library:
    """Has each challenge in the version that an instance is ordered in.

    `folder`: where the catalogue came from, if from one. `platform` gives a client with this node's
    token. What was fetched stays in `root` as long as it is current, or `in_use`, by digests.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        root: Path,
        *,
        folder: Path | None = None,
        platform: Callable[[], BaseHttpClient] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.in_use: Callable[[], Iterable[str]] = tuple
        self._versions = Versions(root)
        self._folder = folder
        self._platform = platform
        self._fetched: dict[str, Challenge] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._coming: set[str] = set()
        self._arrived = asyncio.Event()
        self._bringing: asyncio.Task[None] | None = None

    def here(self, challenge_id: str, digest: str) -> Challenge | None:
        """A challenge in a version, or in the one that is current here; reads files once."""
        current = self.catalogue.get(challenge_id)
        if not digest or (current is not None and current.digest == digest):
            return current
        own = self.catalogue.in_folder.get(challenge_id)
        if own is not None and own.digest == digest:
            return own
        return self._versions.get(challenge_id, digest)

    async def get(self, challenge_id: str, digest: str, bucket: str = "") -> Challenge:
        """The same, fetched where it is not here. Raises StartFailed."""
        async with self._locks[digest]:
            found = await asyncio.to_thread(self.here, challenge_id, digest)
            if found is None:
                found = await self._fetch(challenge_id, digest, bucket)
        if self.catalogue.get(challenge_id) is None:
            self._make_current(found)
        return found

    async def rescan(self) -> Changes:
        """Look at the folder again, and ask the platform what is current.

        Raises FileNotFoundError. Without an answer of the platform, all stays as it is.
        """
        before = self.catalogue.challenges
        if self._folder is not None:
            await asyncio.to_thread(self.catalogue.rescan, self._folder)
        await self.follow()
        return self.catalogue.changes_since(before)

    async def follow(self) -> None:
        """Ask the platform what is current, and fetch behind the scenes what is not here."""
        if self._platform is None:
            return
        try:
            listed = await asyncio.to_thread(_listed, self._platform)
        except (CtfyError, httpx.HTTPError) as error:
            log.warning("versions_not_known", error=str(error))
            return
        current, missing = {}, []
        for row in listed.challenges:
            found = await asyncio.to_thread(self.here, row.id, row.digest)
            if found is None:
                missing.append(row)
                found = self._fetched.get(row.id)  # until the other is here
            if found is not None and found is not self.catalogue.in_folder.get(row.id):
                current[row.id] = found
        self._fetched = current
        self.catalogue.pin(current)
        if self._bringing is not None:
            self._bringing.cancel()
        self._coming = {row.id for row in missing}
        self._bringing = asyncio.create_task(self._bring(missing))

    async def _bring(self, rows: list[NodeChallenge]) -> None:
        for row in rows:
            try:
                self._make_current(await self.get(row.id, row.digest, row.bucket))
            except StartFailed as error:  # whoever orders it asks again
                log.warning("version_not_fetched", challenge=row.id, error=str(error))
            self._coming.discard(row.id)
            self._arrived.set()
        current = {challenge.digest for challenge in self.catalogue.challenges.values()}
        await asyncio.to_thread(self._versions.prune, {*current, *self.in_use()})

    async def arrival(self, challenge_ids: Iterable[str] | None, seconds: float) -> None:
        """Return when these, None: all, are not on their way any more, or after a while."""
        wanted = None if challenge_ids is None else set(challenge_ids)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._coming if wanted is None else self._coming & wanted:
                    self._arrived.clear()
                    await self._arrived.wait()

    async def close(self) -> None:
        """Fetch nothing any more."""
        if self._bringing is not None:
            self._bringing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._bringing

    def _make_current(self, challenge: Challenge) -> None:
        """Have a version be what instances are kept warm of, and what is built."""
        self._fetched = {**self._fetched, challenge.id: challenge}
        self.catalogue.pin(self._fetched)

    async def _fetch(self, challenge_id: str, digest: str, bucket: str) -> Challenge:
        """Fetch an archive; where the connection breaks off, go on from there."""
        if self._platform is None:
            raise StartFailed("This node has no such challenge, and no platform to ask.")
        deadline, problem = time.monotonic() + _FETCH_S, ""
        with tempfile.TemporaryFile() as file:
            while time.monotonic() < deadline:
                try:
                    await asyncio.to_thread(_receive, self._platform, digest, file)
                    return await asyncio.to_thread(
                        self._versions.add,
                        Path(f"/dev/fd/{file.fileno()}"),
                        challenge_id,
                        digest,
                        bucket,
                    )
                except (ArchiveRefused, ChallengeRefused) as error:
                    raise StartFailed(f"The challenge's archive is broken: {error}") from error
                except CtfyError as error:
                    if not isinstance(error, CtfyApiError) or error.status_code not in _LATER:
                        raise StartFailed(f"The platform gives no such version: {error}") from error
                    problem = str(error)
                except httpx.HTTPError as error:
                    problem = str(error) or type(error).__name__
                except OSError as error:
                    raise StartFailed(f"The challenge cannot be kept: {error.strerror}") from error
                await asyncio.sleep(_PAUSE_S)
        raise StartFailed(f"The platform does not answer, and the challenge is not here: {problem}")


def _listed(platform: Callable[[], BaseHttpClient]) -> NodeChallenges:
    with platform() as http:
        return http.fetch(NodeChallenges, "GET", "/nodes/challenges")


def _receive(platform: Callable[[], BaseHttpClient], digest: str, file: IO[bytes]) -> None:
    """Append to a file what it lacks of an archive. Raises CtfyError, httpx.HTTPError."""
    with platform() as client:
        wanted = {"start": file.seek(0, os.SEEK_END)}
        path = f"/nodes/challenges/{digest}"
        with client.http.stream("GET", path, params=wanted, timeout=_READ_S) as response:
            if response.status_code >= 400:
                response.read()
                raise CtfyApiError.of(response)
            for chunk in response.iter_raw():
                file.write(chunk)
                if file.tell() > _MOST_ARCHIVE:
                    raise StartFailed("The challenge's archive is larger than a node takes.")
        file.flush()
