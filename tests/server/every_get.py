"""Every GET of the API, as its own document lists them, asked for about some things."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx

from tests.openapi import filled, operations
from tests.processes import PATIENCE_S

# Streams and files, read elsewhere, and how machines are. What tells the time is no part of an
# answer.
_LEFT_OUT = ("/events", "/admin/", "/export", "/nodes", "/health")
_VOLATILE = re.compile(
    r'"(generated_at|server_time_ts|started_at_ts|uptime_s|last_seen_at|last_used_at|'
    r'running_instances)":\s*("[^"]*"|[-\d.e]+|null)'
)
# Of a series over time: where the hour turns, an empty one goes, and one comes.
_BUCKET = re.compile(
    r',?\{"ts":[\d.]+,"counts":\{\},"partial":\w+\}|"ts":[\d.]+(?=,"counts")'
    r'|(?<=\}),"partial":\w+(?=\})'
)


def paths(http: httpx.Client, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The paths of every GET, as documented, and each way to fill in what is known.

    `known`: the value of each parameter. A path with one that is unknown is left out; those of a
    query are given and left out by turns.
    """
    for method, path, operation in operations(http):
        if method != "GET" or any(part in path for part in _LEFT_OUT):
            continue
        if not set(re.findall(r"{(\w+)}", path)) <= known.keys():
            continue
        needed, optional = [], []
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query" and parameter["name"] in known:
                (needed if parameter.get("required") else optional).append(parameter["name"])
        for count in range(len(optional) + 1):
            for chosen in itertools.combinations(optional, count):
                given = {name: known[name] for name in (*needed, *chosen)}
                bare = filled(path, known)
                yield path, str(httpx.URL(bare, params=given)) if given else bare


def answers(url: str, token: str, known: dict[str, str]) -> dict[str, Any]:
    """What each answers whoever has a token (empty: a visitor), without what is of the moment."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_S) as http:
        return {path: _plain(http.get(path)) for _, path in paths(http, known)}


def _plain(response: httpx.Response) -> Any:
    if response.is_error:
        return response.status_code, response.json()["code"]
    text = _BUCKET.sub("", _VOLATILE.sub(r'"\1":0', response.text))
    text = text.replace("[,", "[").replace("{,", "{")
    if response.url.path == "/api/v1/me":  # the reader's own, which every request moves on
        text = re.sub(r'"last_active_at":("[^"]*"|null)', '"last_active_at":0', text)
    try:
        return response.status_code, json.loads(text)
    except ValueError:
        return response.status_code, text


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Where two sets of answers differ, a line each."""
    return [
        f"{path}{where}: {old!r} -> {new!r}"
        for path, answer in after.items()
        for where, old, new in _compared(before[path], answer)
    ]


def _compared(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    if type(old) is type(new) and isinstance(old, dict) and old.keys() == new.keys():
        for key in old:
            yield from _compared(old[key], new[key], f"{where}.{key}")
    elif type(old) is type(new) and isinstance(old, list | tuple) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _compared(one, other, f"{where}[{place}]")
    elif old != new:
        yield where, old, new
