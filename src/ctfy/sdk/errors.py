"""What the SDK raises."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic_core import from_json


class CtfyError(Exception):
    """The root of all SDK errors."""


class CtfyApiError(CtfyError):
    """The server refused: `status_code`, its stable `code`, and `detail` in its own words."""

    def __init__(self, status_code: int, code: str, detail: Any) -> None:
        message = detail.get("message", detail) if isinstance(detail, dict) else detail
        super().__init__(f"{message} [{status_code} {code}]")
        self.status_code = status_code
        self.code = code
        self.detail = detail

    @classmethod
    def of(cls, response: httpx.Response) -> CtfyApiError:
        """The error that a response holds, also when a proxy in between wrote it."""
        try:
            body = from_json(response.content)  # which no nesting and no half character upsets
            return cls(response.status_code, str(body["code"]), body["detail"])
        except (ValueError, KeyError, TypeError):
            words = response.text[:200] or response.reason_phrase
            return cls(response.status_code, "http_error", words)


class BadAnswer(CtfyError):
    """What came is no answer of this API: something else, or more of it than there can be."""


# In words, what the instances wait for that the wire has names for (`InstanceStatusResponse`).
WAITING_FOR = {
    "node": ": no node takes instances now",
    "labels": ": no node has the labels that the challenge asks for",
    "memory": ": the nodes are short of memory or disk",
    "place": ": every node is full",
}


class InstanceFailed(CtfyError):
    """An instance ended in `error` instead of becoming ready."""

    def __init__(self, instance_id: str, error: str) -> None:
        super().__init__(f"instance {instance_id} failed: {error}")
        self.instance_id = instance_id
        self.error = error


class StartTimeout(CtfyError, TimeoutError):
    """An instance was not ready in time; it may still become so.

    `queue_position` says where it waits for a node, 0: not waiting; `waiting_for`, for what.
    """

    def __init__(
        self, instance_id: str, timeout: float, queue_position: int, waiting_for: str = ""
    ) -> None:
        why = WAITING_FOR.get(waiting_for, "")
        waiting = f", number {queue_position} in the queue{why}" if queue_position else ""
        super().__init__(f"instance {instance_id} was not ready after {timeout:g} s{waiting}")
        self.instance_id = instance_id
        self.queue_position = queue_position
        self.waiting_for = waiting_for
