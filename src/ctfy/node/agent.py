"""Joining the platform and sending heartbeats to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import structlog

from ctfy.node.inventory import read_json, write_atomically
from ctfy.node.settings import NodeSettings
from ctfy.sdk.base import BaseHttpClient
from ctfy.sdk.errors import CtfyApiError
from ctfy.server.models.nodes import NodeHeartbeat, NodeMost, NodeRegister, NodeRegisterResponse

log = structlog.get_logger()

_RETRY_S = 0.2


class JoinRefused(Exception):
    """The platform does not take this node; the message says what to do."""


class Agent:
    """The node's identity, kept on disk, and its heartbeat."""

    def __init__(self, settings: NodeSettings, platform_url: str, invite: str, url: str) -> None:
        self._settings = settings
        self._platform_url = platform_url
        self._invite = invite
        self._url = url
        self._path: Path = settings.data_dir / "node.json"
        self._identity = read_json(self._path)

    def token(self) -> str:
        """The node's own token; empty until it has joined."""
        return self._settings.own_token or str((self._identity or {}).get("token", ""))

    @property
    def id(self) -> str:
        """The node's id on the platform; empty until it has joined."""
        return str((self._identity or {}).get("id", ""))

    def platform(self) -> BaseHttpClient:
        """A client for the platform, as this node."""
        return BaseHttpClient(self._platform_url, self.token(), timeout=10, max_retries=0)

    async def join(self) -> None:
        """Register, once: a node that has an identity keeps it. Raises JoinRefused."""
        if self._identity is not None:
            return
        if not self._invite:
            raise JoinRefused("this node has not joined yet: give a registration token (--token)")
        order = NodeRegister(
            url=self._url,
            display_name=self._settings.display_name,
            capacity=self._settings.capacity,
            labels=self._settings.labels,
            **self._offer(),
        )
        deadline = time.monotonic() + self._settings.join_timeout_s
        while True:
            try:
                left = max(1, round(deadline - time.monotonic()))
                joined = await asyncio.to_thread(self._register, order, left)
                break
            except CtfyApiError as error:
                raise JoinRefused(f"the platform refused this node: {error}") from error
            # Nothing was sent, so the token is not used up.
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if time.monotonic() > deadline:
                    raise JoinRefused(f"{self._platform_url} does not answer: {error}") from error
                await asyncio.sleep(_RETRY_S)
            except httpx.HTTPError as error:
                raise JoinRefused(f"{self._platform_url} does not answer: {error}") from error
        identity = {"id": joined.id, "token": joined.token}
        write_atomically(self._path, json.dumps(identity).encode())
        self._identity = identity

    def _offer(self) -> dict[str, Any]:
        """What instances may take here: all together, and one."""
        most = NodeMost.model_validate(self._settings.most)
        return {"memory_mb": self._settings.memory_mb, "cpus": self._settings.cpus, "most": most}

    def _register(self, order: NodeRegister, timeout_s: int) -> NodeRegisterResponse:
        platform = BaseHttpClient(
            self._platform_url, self._invite, max_retries=0, timeout=timeout_s
        )
        with platform as http:
            body = order.model_dump(mode="json")
            return http.fetch(NodeRegisterResponse, "POST", "/nodes/register", json=body)

    async def send_heartbeats(
        self,
        first: Callable[[], None],
        running: Callable[[], int],
        load: Callable[[], dict[str, float]],
        ready: Callable[[], list[str] | None],
    ) -> None:
        """Send heartbeats until cancelled; a platform that is away is asked again.

        `first` is called when the platform has taken one.
        Raises JoinRefused when the platform has removed this node.
        """
        assert self._identity is not None, "join() comes first"  # noqa: S101
        with self.platform() as http:
            latency_ms, taken = 0.0, False
            while True:
                pause = self._settings.heartbeat_s
                sent_at = time.monotonic()
                heartbeat = NodeHeartbeat(
                    id=self.id,
                    running=running(),
                    capacity=self._settings.capacity,
                    url=self._url,
                    ready_challenges=ready(),
                    sampled_at=time.time(),
                    latency_ms=latency_ms,
                    **self._offer(),
                    **load(),
                )
                try:
                    body = heartbeat.model_dump(mode="json")
                    await asyncio.to_thread(http.call, "POST", "/nodes/heartbeat", json=body)
                    latency_ms = (time.monotonic() - sent_at) * 1000
                    if not taken:
                        taken = True
                        first()
                except CtfyApiError as error:
                    if error.status_code == 401:
                        raise JoinRefused(
                            f"the platform does not know this node any more: remove "
                            f"{self._path} and join with a new token"
                        ) from error
                    log.warning("heartbeat_refused", error=str(error))
                except httpx.HTTPError as error:
                    log.warning("platform_away", error=str(error))
                    pause = min(_RETRY_S, pause)
                await asyncio.sleep(pause)
