"""The routes of a running server, as its own document has them."""

from __future__ import annotations

import re
from typing import Any

import httpx

# Streams, which end when their reader goes.
_ENDLESS = {"/api/v1/events"}


def operations(client: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and document of every operation."""
    found = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path, operation)
        for path, of_path in found.items()
        for method, operation in of_path.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def gets(client: httpx.Client, **known: str) -> list[str]:
    """The path of every GET that ends, with what is `known` in place of its parameters."""
    return [
        filled(path, known)
        for method, path, _ in operations(client)
        if method == "GET" and path not in _ENDLESS
    ]


def filled(path: str, known: dict[str, str]) -> str:
    """A path with its parameters; one that is not known gets a value that names nothing."""
    return re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], "nothing"), path)
