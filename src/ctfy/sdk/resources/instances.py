"""`client.instances`."""

from __future__ import annotations

import builtins
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ctfy.sdk.base import BaseHttpClient, growing_pauses
from ctfy.sdk.errors import InstanceFailed, NotFoundError, StartTimeout
from ctfy.server.models.challenges import AttachmentList
from ctfy.server.models.instances import (
    AttackSurface,
    InstanceInfo,
    InstanceQuestionInfo,
    InstanceStatusResponse,
    RenewResponse,
    StartResponse,
)

_FIRST_POLL_S = 0.05
_LONGEST_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class InstanceReadyResult:
    """An instance that is ready to be attacked."""

    id: str
    surface: AttackSurface
    cert_volume: str = ""
    status: str = "ready"


class InstancesResource:
    """Launching, watching, stopping instances."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def start(
        self,
        challenge_id: str,
        ttl: int | None = None,
        *,
        competition_id: str = "",
        timeout: int = 300,
        poll_interval: float = 2.0,
        proxy_output_dir: str | None = None,
        on_status: Callable[[InstanceStatusResponse], None] | None = None,
    ) -> InstanceReadyResult:
        """Launch an instance and block until it is ready.

        Asks every `poll_interval` seconds, and hears of news at once; `on_status` sees each answer.
        Raises InstanceFailed when it ends in an error or is stopped, StartTimeout after
        `timeout` seconds.

        >>> ready = client.instances.start("notes", competition_id=competition.id)
        >>> ready.surface.services[0].url
        """
        body = {
            "challenge_id": challenge_id,
            "ttl": ttl,
            "competition_id": competition_id,
            "proxy_output_dir": proxy_output_dir,
        }
        started = self._http.fetch(StartResponse, "POST", "/instances", json=body)
        deadline = time.monotonic() + timeout
        place, reason = started.queue_position, started.waiting_for
        for pause in growing_pauses(_FIRST_POLL_S, poll_interval):
            asked = time.monotonic()
            # Only a place in the queue changes without being news.
            patience = poll_interval if place else _LONGEST_WAIT_S
            status = self._status_soon(started.id, min(patience, max(0.0, deadline - asked)))
            if status is not None:
                place, reason = status.queue_position, status.waiting_for
                if on_status is not None:
                    on_status(status)
                if status.status == "ready" and status.attack_surface is not None:
                    return InstanceReadyResult(
                        started.id, status.attack_surface, status.cert_volume
                    )
                if status.status in ("error", "stopped"):
                    raise InstanceFailed(started.id, status.error or "it was stopped")
            if time.monotonic() >= deadline:
                break
            # A server that does not wait for news answers at once, and is asked ever less often.
            time.sleep(max(0.0, asked + pause - time.monotonic()))
        raise StartTimeout(started.id, timeout, place, reason)

    def _status_soon(self, instance_id: str, wait: float) -> InstanceStatusResponse | None:
        """The status; None for the 404 that a replica may give right after the start."""
        try:
            return self.status(instance_id, wait=min(wait, _LONGEST_WAIT_S))
        except NotFoundError:
            return None

    def get(self, instance_id: str) -> InstanceInfo:
        """One instance."""
        return self._http.fetch(InstanceInfo, "GET", f"/instances/{instance_id}")

    def iter_pending_questions(self, instance_id: str) -> Iterator[InstanceQuestionInfo]:
        """The unlocked questions that are not answered yet, looked up again after each."""
        offered: set[str] = set()
        while True:
            questions = self.get(instance_id).questions
            pending = [
                q
                for q in questions
                if q.unlocked and not q.answered_correctly and q.id not in offered
            ]
            if not pending:
                return
            offered.add(pending[0].id)
            yield pending[0]

    def status(self, instance_id: str, *, wait: float = 0.0) -> InstanceStatusResponse:
        """How far an instance is; `wait`: seconds that the server may wait for news.

        >>> client.instances.status(instance_id).status
        """
        params = {"wait": wait} if wait else {}
        path = f"/instances/{instance_id}/status"
        return self._http.fetch(InstanceStatusResponse, "GET", path, params=params)

    def stop(self, instance_id: str) -> None:
        """Stop an instance; returns when it is off its node. One that is gone already is done."""
        with contextlib.suppress(NotFoundError):
            self._http.call("DELETE", f"/instances/{instance_id}", timeout=60)

    def renew(self, instance_id: str, ttl: int | None = None) -> RenewResponse:
        """Let an instance live `ttl` seconds from now."""
        params = {} if ttl is None else {"ttl": ttl}
        path = f"/instances/{instance_id}/renew"
        return self._http.fetch(RenewResponse, "POST", path, params=params)

    def list(
        self,
        challenge_id: str = "",
        status: str = "",
        q: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> builtins.list[InstanceInfo]:
        """The instances of the caller's teams, newest first."""
        return self._http.fetch_page(
            InstanceInfo,
            "/instances",
            challenge_id=challenge_id,
            status=status,
            q=q,
            offset=offset,
            limit=limit,
        )

    def iterate(
        self, challenge_id: str = "", status: str = "", q: str = ""
    ) -> Iterator[InstanceInfo]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(
            InstanceInfo, "/instances", challenge_id=challenge_id, status=status, q=q
        )

    def attachments(self, instance_id: str) -> AttachmentList:
        """The files of an instance, rendered for it."""
        return self._http.fetch(AttachmentList, "GET", f"/instances/{instance_id}/attachments")

    def download_attachment(self, instance_id: str, filename: str) -> bytes:
        """One file of an instance."""
        path = f"/instances/{instance_id}/attachments/{quote(filename, safe='')}"
        return self._http.call("GET", path).content

    def openvpn_config(self, instance_id: str) -> bytes:
        """The client configuration of an instance's VPN.

        >>> Path("instance.ovpn").write_bytes(client.instances.openvpn_config(ready.id))
        """
        return self._http.call("GET", f"/instances/{instance_id}/openvpn-config").content

    def har(self, instance_id: str, *, competition_id: str = "") -> dict[str, Any]:
        """The HTTP part of the traffic as an HTTP Archive, for browsers and proxies."""
        params = {"competition_id": competition_id}
        response = self._http.call("GET", f"/instances/{instance_id}/har", params=params)
        archive: dict[str, Any] = response.json()
        return archive

    def traffic(
        self,
        instance_id: str,
        *,
        competition_id: str = "",
        offset: int = 0,
        limit: int = 10_000,
        max_bytes: int | None = None,
    ) -> dict[str, Any]:
        """What the instance's services were asked and answered, where its node records it.

        Oldest first, in `items`. With `max_bytes` the answer ends when it holds that much: go on
        with a higher `offset`, until there are none.

        >>> client.instances.traffic(ready.id)
        """
        params: dict[str, Any] = {"competition_id": competition_id}
        params |= {"offset": offset, "limit": limit}
        if max_bytes is not None:
            params["max_bytes"] = max_bytes
        response = self._http.call("GET", f"/instances/{instance_id}/traffic", params=params)
        traffic: dict[str, Any] = response.json()
        return traffic
