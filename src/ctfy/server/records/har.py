"""Recorded traffic as an HTTP Archive (HAR 1.2), which browsers and proxies open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ctfy import __version__


def archive(flows: list[dict[str, Any]]) -> dict[str, Any]:
    """The HTTP exchanges among some flows; what is no HTTP has no place in the format."""
    entries = [_entry(flow) for flow in flows if flow.get("kind") == "http"]
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "ctfy", "version": __version__},
            "entries": entries,
        }
    }


def _entry(flow: dict[str, Any]) -> dict[str, Any]:
    request, response = flow["request"], flow.get("response")
    took = float(flow["duration_ms"])
    return {
        "startedDateTime": datetime.fromtimestamp(flow["started_at"], UTC).isoformat(),
        "time": took,
        "request": _request(request),
        "response": _response(response) if response else _NO_RESPONSE,
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "connection": flow["client"],
        "comment": flow["service"],
    }


def _request(message: dict[str, Any]) -> dict[str, Any]:
    host = _header(message, "host") or "instance"
    url = f"http://{host}{message.get('path', '/')}"
    result = {
        "method": message.get("method", ""),
        "url": url,
        "httpVersion": f"HTTP/{message.get('http_version', '1.1')}",
        "cookies": [],
        "headers": _headers(message),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": message["body_bytes"],
    }
    if message["body_bytes"]:
        result["postData"] = {
            "mimeType": _header(message, "content-type"),
            "text": message["body"],
            **({"encoding": "base64"} if message["body_encoding"] == "base64" else {}),
        }
    return result


def _response(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": message.get("status", 0),
        "statusText": message.get("reason", ""),
        "httpVersion": f"HTTP/{message.get('http_version', '1.1')}",
        "cookies": [],
        "headers": _headers(message),
        "content": {
            "size": message["body_bytes"],
            "mimeType": _header(message, "content-type"),
            "text": message["body"],
            **({"encoding": "base64"} if message["body_encoding"] == "base64" else {}),
            **({"comment": "cut short"} if message["truncated"] else {}),
        },
        "redirectURL": _header(message, "location"),
        "headersSize": -1,
        "bodySize": message["body_bytes"],
    }


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


def _headers(message: dict[str, Any]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in message["headers"]]


def _header(message: dict[str, Any], wanted: str) -> str:
    return next((value for name, value in message["headers"] if name.lower() == wanted), "")
