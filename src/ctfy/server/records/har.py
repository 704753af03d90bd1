"""Recorded traffic as an HTTP Archive (HAR 1.2), which browsers and proxies open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from ctfy import __version__
from ctfy.server.models.nodes import FlowMessage, NodeFlow

LOG = {"version": "1.2", "creator": {"name": "ctfy", "version": __version__}}


def entry(flow: NodeFlow) -> dict[str, Any] | None:
    """An HTTP exchange; None for what is no HTTP, which has no place in the format."""
    if flow.request is None:
        return None
    return {
        "startedDateTime": datetime.fromtimestamp(flow.started_at, UTC).isoformat(),
        "time": flow.duration_ms,
        "request": _request(flow.request),
        "response": _response(flow.response) if flow.response else _NO_RESPONSE,
        "cache": {},
        "timings": {"send": 0, "wait": flow.duration_ms, "receive": 0},
        "connection": flow.client,
        "comment": flow.service,
    }


def _request(message: FlowMessage) -> dict[str, Any]:
    host = _header(message, "host") or "instance"
    url = f"http://{host}{message.path}"  # as it was said: it need not be a URL
    query = message.path.partition("#")[0].partition("?")[2]
    result = {
        "method": message.method,
        "url": url,
        "httpVersion": f"HTTP/{message.http_version}",
        "cookies": [],
        "headers": _headers(message),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": message.body_bytes,
    }
    if message.body_bytes:
        result["postData"] = {"mimeType": _header(message, "content-type"), **_text(message)}
    return result


def _response(message: FlowMessage) -> dict[str, Any]:
    return {
        "status": message.status,
        "statusText": message.reason,
        "httpVersion": f"HTTP/{message.http_version}",
        "cookies": [],
        "headers": _headers(message),
        "content": {
            "size": message.body_bytes,
            "mimeType": _header(message, "content-type"),
            **_text(message),
            **({"comment": "cut short"} if message.truncated else {}),
        },
        "redirectURL": _header(message, "location"),
        "headersSize": -1,
        "bodySize": message.body_bytes,
    }


def _text(message: FlowMessage) -> dict[str, str]:
    encoded = {"encoding": "base64"} if message.body_encoding == "base64" else {}
    return {"text": message.body, **encoded}


# As browsers write it when no answer came.
_NO_RESPONSE: dict[str, Any] = {
    "status": 0,
    "statusText": "",
    "httpVersion": "",
    "cookies": [],
    "headers": [],
    "content": {"size": 0, "mimeType": ""},
    "redirectURL": "",
    "headersSize": -1,
    "bodySize": -1,
}


def _headers(message: FlowMessage) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in message.headers]


def _header(message: FlowMessage, wanted: str) -> str:
    return next((value for name, value in message.headers if name.lower() == wanted), "")
