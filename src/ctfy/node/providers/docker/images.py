"""The images that services run from: builds and pulls them."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import docker
import docker.errors
import requests

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.folders import PathRefused
from ctfy.node.providers.base import StartFailed
from ctfy.node.providers.docker.compose import Build, build_of
from ctfy.node.providers.docker.threads import abandonable

_TAIL = 20  # lines


def _nobody(line: str) -> None:
    """Takes what nobody is to read."""


class Images:
    """The images of one engine. `logs` is the folder for what building them prints.

    `say` takes it, too, by challenge; not that of an instance's own image, which may hold answers.
    """

    def __init__(
        self,
        engine: docker.DockerClient,
        logs: Path,
        say: Callable[[str, str], None] = lambda challenge_id, line: None,
    ) -> None:
        self._engine = engine
        self._logs = logs
        self._say = say
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def build(
        self, challenge: Challenge, given: dict[str, str], labels: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Build the images of services with a build context; every service's image, by service.

        `given` are the variables of an instance, and `labels` mark an image that is its alone.
        Raises StartFailed.
        """
        images = {}
        for name, service in challenge.compose.services.items():
            try:
                build = await asyncio.to_thread(build_of, challenge, service, given)
            except (PathRefused, OSError) as error:
                raise StartFailed(f"The image of {name} was not built: {error}") from error
            images[name] = build.image if build else service.image
            if build is None:
                continue
            marks = labels if labels and build.of_instance else {}
            async with self._locks[build.image]:
                if not await asyncio.to_thread(self._has, build.image):
                    say = partial(self._say, challenge.id) if not marks else _nobody
                    await abandonable(self._make, f"{challenge.id}-{name}", build, marks, say)
        return images

    async def pull(self, challenge: Challenge) -> None:
        """Pull each image that services name and the engine lacks. Raises StartFailed."""
        for service in challenge.compose.services.values():
            image = service.image
            if service.build is not None or await asyncio.to_thread(self._has, image):
                continue
            try:
                self._say(challenge.id, f"pulling {image}")
                await abandonable(self._fetch, image)
                self._say(challenge.id, f"{image} is here")
            except (docker.errors.DockerException, requests.RequestException) as error:
                raise StartFailed(f"The image {image} was not pulled: {error}") from error

    def _has(self, image: str) -> bool:
        try:
            self._engine.images.get(image)
        except docker.errors.ImageNotFound:
            return False
        return True

    def _fetch(self, image: str) -> None:
        self._engine.images.pull(image)

    def _make(
        self, what: str, build: Build, labels: dict[str, str], say: Callable[[str], None]
    ) -> None:
        """Build an image, with its output in a file. Raises StartFailed with the last 20 lines."""
        self._logs.mkdir(parents=True, exist_ok=True)
        tail: deque[str] = deque(maxlen=_TAIL)
        with (self._logs / f"{what}.log").open("w", encoding="utf-8") as log:
            for said in self._engine.api.build(
                path=str(build.folder),
                dockerfile=build.dockerfile,
                target=build.target,
                buildargs=build.args,
                labels=labels,
                tag=build.image,
                rm=True,
                forcerm=True,
                decode=True,
            ):
                line = str(said.get("stream") or said.get("error") or "")
                log.write(line)
                say(line)
                tail.extend(line.splitlines())
                if "error" in said:
                    words = "\n".join(filter(None, tail))
                    raise StartFailed(f"The image of {what} was not built: {words}")
