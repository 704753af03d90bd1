"""The platform's way to a node, with models for answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from ctfy.sdk.base import BaseHttpClient, Closable, Model, jittered_pause
from ctfy.sdk.errors import BadAnswer, NodeRefusal
from ctfy.server.models.base import ListOf
from ctfy.server.models.builds import NodeBuildLog, NodeBuildState, NodePullState
from ctfy.server.models.challenges import AttachmentList
from ctfy.server.models.nodes import (
    NodeAccepted,
    NodeAgentRuntime,
    NodeContainer,
    NodeFlow,
    NodeHealthResponse,
    NodeInstanceHealth,
    NodeInstanceLogs,
    NodeInstanceState,
    NodeRescanResponse,
    NodeStartResponse,
)

_MOST_REFUSAL = 64 * 1024  # bytes, as are the others
_MOST_ANSWER = 1024 * 1024
_MOST_LIST = 16 * 1024 * 1024
_MOST_FLOW = 16 * 1024 * 1024
_MOST_FILE = 256 * 1024 * 1024  # as much as a node keeps of what an instance was asked
_FILE_S = 120
_ANSWER_S = 30
_MEDIA_TYPE = re.compile(r"[!-~][ -~]{0,200}")


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """`asyncio.timeout` in the asynchronous client; nothing wakes a thread that waits."""
    yield


class TypedNodeClient(Closable):
    """One worker node, which is not believed: answers are read up to a size, and checked.

    Raises NodeRefusal when it refuses, httpx.TransportError when it is away, and BadAnswer when
    it answers nonsense, or too much of it. A timeout is for each read of a connection; the
    asynchronous client gives a whole answer no longer. Only what found no connection is repeated,
    and by default not even that: the jobs that call decide when to try again.
    """

    def __init__(
        self, node_url: str, token: str, *, timeout: int = _ANSWER_S, max_retries: int = 0
    ) -> None:
        self._http = BaseHttpClient(node_url, token, timeout=timeout, max_retries=max_retries)

    def start_instance(
        self,
        *,
        challenge_id: str,
        instance_id: str,
        ttl: int,
        answers: dict[str, str],
        proxy_output_dir: str | None = None,
        digest: str = "",
    ) -> NodeStartResponse:
        """Order an instance; a second order of the same id changes nothing.

        `digest`: of the challenge's version; empty: what the node has.
        """
        body = {
            "challenge_id": challenge_id,
            "instance_id": instance_id,
            "ttl": ttl,
            "answers": answers,
            "proxy_output_dir": proxy_output_dir,
        }
        if digest:
            body["challenge_digest"] = digest
        return self._fetch(NodeStartResponse, "POST", "/instances", json=body)

    def stop_instance(self, instance_id: str) -> None:
        """Stop an instance; returns when nothing of it is left."""
        self._read("DELETE", _path(instance_id), timeout=60)

    def stop_all(self) -> None:
        """Stop every instance."""
        self._read("POST", "/admin/stop-all", timeout=120)

    def list_instances(self) -> list[NodeInstanceState]:
        """The node's inventory."""
        return self._fetch(
            ListOf[NodeInstanceState], "GET", "/instances", most_bytes=_MOST_LIST
        ).root

    def get_status(self, instance_id: str, wait: float = 0) -> NodeInstanceState:
        """How far an instance is; while it starts, the node waits up to `wait` s for news."""
        return self._fetch(
            NodeInstanceState,
            "GET",
            _path(instance_id, "status"),
            timeout=self._http.timeout + wait,
            params={"wait": wait},
        )

    def check_health(self, instance_id: str) -> bool:
        """Whether an instance's service answers."""
        return self._fetch(NodeInstanceHealth, "GET", _path(instance_id, "health")).is_healthy

    def node_health(self) -> NodeHealthResponse:
        """The node's own view of itself."""
        return self._fetch(NodeHealthResponse, "GET", "/health")

    def get_container_logs(self, instance_id: str) -> str:
        """What an instance's processes printed."""
        path = _path(instance_id, "container-logs")
        return self._fetch(NodeInstanceLogs, "GET", path, most_bytes=_MOST_LIST).logs

    def list_containers(self, instance_id: str) -> list[NodeContainer]:
        """The containers or sandboxes of an instance."""
        return self._fetch(ListOf[NodeContainer], "GET", _path(instance_id, "containers")).root

    def get_traffic(
        self,
        instance_id: str,
        *,
        offset: int = 0,
        limit: int = 10_000,
        max_bytes: int | None = None,
    ) -> list[NodeFlow]:
        """What the instance's services were asked and answered, oldest first.

        With `max_bytes` a page: no more than that of it, if not a single flow is larger.
        """
        params = {"offset": offset, "limit": limit}
        if max_bytes is not None:
            params["max_bytes"] = max_bytes
        return self._fetch(
            ListOf[NodeFlow],
            "GET",
            _path(instance_id, "traffic"),
            most_bytes=_MOST_FILE if max_bytes is None else max_bytes + _MOST_FLOW,
            timeout=_FILE_S,
            params=params,
        ).root

    def get_pcap(self, instance_id: str) -> bytes:
        """The packets of an instance, as libpcap writes them."""
        return self._file(_path(instance_id, "pcap"))[0]

    def save_pcap(self, instance_id: str, file: BinaryIO) -> None:
        """The same, written into a file."""
        path = _path(instance_id, "pcap")
        self._receive("GET", path, file.write, most_bytes=_MOST_FILE, timeout=_FILE_S)

    def get_agent_runtime(self, instance_id: str) -> NodeAgentRuntime:
        """How a harness reaches an instance."""
        return self._fetch(NodeAgentRuntime, "GET", _path(instance_id, "agent-runtime"))

    def rescan_challenges(self) -> NodeRescanResponse:
        """Have the node look at its challenges folder again."""
        return self._fetch(
            NodeRescanResponse,
            "POST",
            "/admin/rescan-challenges",
            most_bytes=_MOST_LIST,
            timeout=60,
        )

    def build_challenge(self, challenge_id: str) -> NodeAccepted:
        """Have a challenge built; `get_build_state` says how far it is."""
        path = f"/admin/challenges/{quote(challenge_id, safe='')}/build"
        return self._fetch(NodeAccepted, "POST", path)

    def build_all_challenges(self, challenge_ids: list[str] | None = None) -> NodeAccepted:
        """Have challenges built, all without ids."""
        body = {"challenge_ids": challenge_ids}
        return self._fetch(NodeAccepted, "POST", "/admin/challenges/build-all", json=body)

    def get_build_state(self) -> NodeBuildState:
        """What is built."""
        path = "/admin/challenges/build-state"
        return self._fetch(NodeBuildState, "GET", path, most_bytes=_MOST_LIST)

    def get_build_log(self, challenge_id: str, after: int = 0) -> NodeBuildLog:
        """What building and pulling a challenge said, after a line; older nodes have none: 404."""
        path = f"/admin/challenges/{quote(challenge_id, safe='')}/build-log"
        return self._fetch(NodeBuildLog, "GET", path, params={"after": after})

    def pull_challenge(self, challenge_id: str) -> NodeAccepted:
        """Have a challenge's images pulled; `get_pull_state` says how far it is."""
        path = f"/admin/challenges/{quote(challenge_id, safe='')}/pull"
        return self._fetch(NodeAccepted, "POST", path)

    def pull_all_challenges(self, challenge_ids: list[str] | None = None) -> NodeAccepted:
        """Have the images of challenges pulled, all without ids."""
        body = {"challenge_ids": challenge_ids}
        return self._fetch(NodeAccepted, "POST", "/admin/challenges/pull-all", json=body)

    def get_pull_state(self) -> NodePullState:
        """What is pulled."""
        path = "/admin/challenges/pull-state"
        return self._fetch(NodePullState, "GET", path, most_bytes=_MOST_LIST)

    def get_openvpn_config(self, instance_id: str) -> bytes:
        """The client configuration of the instance's VPN."""
        return self._read("GET", _path(instance_id, "openvpn-config"))[0]

    def list_instance_attachments(self, instance_id: str) -> AttachmentList:
        """The files of an instance."""
        return self._fetch(AttachmentList, "GET", _path(instance_id, "attachments"))

    def download_instance_attachment(self, instance_id: str, filename: str) -> tuple[bytes, str]:
        """One file of an instance, and its media type."""
        return self._file(_path(instance_id, "attachments", filename))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _fetch(self, model: type[Model], method: str, path: str, **kwargs: Any) -> Model:
        """An answer as `model`; the rest is for `_read`."""
        content, _ = self._read(method, path, **kwargs)
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            raise BadAnswer(f"nonsense instead of {model.__name__}") from error

    def _file(self, path: str) -> tuple[bytes, str]:
        """A file, and its media type."""
        content, media_type = self._read("GET", path, most_bytes=_MOST_FILE, timeout=_FILE_S)
        plain = _MEDIA_TYPE.fullmatch(media_type)
        return content, media_type if plain else "application/octet-stream"

    def _read(
        self,
        method: str,
        path: str,
        *,
        most_bytes: int = _MOST_ANSWER,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> tuple[bytes, str]:
        """What was answered, and its media type. `timeout` in seconds."""
        content = bytearray()
        media_type = self._receive(
            method, path, content.extend, most_bytes=most_bytes, timeout=timeout, **kwargs
        )
        return bytes(content), media_type

    def _receive(
        self,
        method: str,
        path: str,
        keep: Callable[[bytes], object],
        *,
        most_bytes: int,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> str:
        """Have an answer kept, part by part; its media type. Nothing is unpacked."""
        timeout, attempt = timeout or self._http.timeout, 0
        while True:
            try:
                return self._received(
                    method, path, keep, most_bytes=most_bytes, timeout=timeout, **kwargs
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if attempt >= self._http.max_retries:
                    raise
            time.sleep(jittered_pause(attempt))
            attempt += 1

    def _received(
        self,
        method: str,
        path: str,
        keep: Callable[[bytes], object],
        *,
        most_bytes: int,
        timeout: float,
        **kwargs: Any,
    ) -> str:
        """The same, tried once."""
        refusal, taken = bytearray(), 0
        try:
            with (
                _within(timeout),
                self._http.http.stream(
                    method,
                    path,
                    timeout=timeout,
                    headers={"Accept-Encoding": "identity"},
                    **kwargs,
                ) as response,
            ):
                refused = response.status_code >= 400
                most = _MOST_REFUSAL if refused else most_bytes
                for chunk in response.iter_raw():
                    taken += len(chunk)
                    if taken > most:
                        raise BadAnswer(f"more than {most} bytes")
                    (refusal.extend if refused else keep)(chunk)
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no whole answer within {timeout:g} s") from error
        except (ValueError, OverflowError) as error:
            raise httpx.ConnectError(f"{self._http.base_url} is no address: {error}") from error
        if refused:  # its headers are not kept: they may say that it has to be unpacked
            raise NodeRefusal.of(
                httpx.Response(
                    response.status_code, content=bytes(refusal), request=response.request
                )
            )
        return str(response.headers.get("content-type", ""))


def _path(instance_id: str, *parts: str) -> str:
    return "/".join(["/instances", *(quote(part, safe="") for part in (instance_id, *parts))])
