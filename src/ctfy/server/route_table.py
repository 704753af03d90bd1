"""Routes found by a table.

FastAPI tries one router after the other, and in each one pattern after the other; with 190 routes
in 20 routers that was three quarters of what a small request costs. Here an address is looked up
segment by segment. Which route answers, and how, stays FastAPI's word: the table is made from its
routes, of several that match the first one declared wins, and what is not in the table (other
methods, other kinds of parameters, a slash too much, WebSockets) goes to FastAPI itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

_PARAMETER = re.compile(r"\{\w+\}")  # of any text without a slash


@dataclass(frozen=True, slots=True)
class Entry:
    """A route of the table, by one of its methods."""

    place: int
    path: str
    route: APIRoute
    app: ASGIApp
    parameters: tuple[tuple[str, int], ...]
    """The name of each, and which segment of the address holds it."""


@dataclass(slots=True)
class _Node:
    """What stands at one place of addresses."""

    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    entries: dict[str, Entry] = field(default_factory=dict)

    def below(self, segment: str) -> _Node:
        """The node of a segment of a route's path, made where there is none."""
        if not segment.startswith("{"):
            return self.literals.setdefault(segment, _Node())
        if self.parameter is None:
            self.parameter = _Node()
        return self.parameter

    def find(self, method: str, segments: Sequence[str], at: int) -> Entry | None:
        """The first declared entry that answers the rest of an address."""
        if at == len(segments):
            return self.entries.get(method)
        literal = self.literals.get(segments[at])
        found = literal.find(method, segments, at + 1) if literal else None
        if self.parameter is not None and segments[at]:
            other = self.parameter.find(method, segments, at + 1)
            if other is not None and (found is None or other.place < found.place):
                return other
        return found


class RouteTable:
    """Calls the route of an address; plain ASGI, in front of FastAPI's router."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._root = _Node()
        for place, context in enumerate(iter_route_contexts(routes)):
            self._add(place, context)

    def _add(self, place: int, context: RouteContext) -> None:
        route, path, app = context.original_route, context.path, context.app
        if not isinstance(route, APIRoute) or path is None:
            return
        segments = path.split("/")
        if any("{" in segment and not _PARAMETER.fullmatch(segment) for segment in segments):
            return  # a parameter of another type, or one that is but a part of its segment
        parameters = [(name[1:-1], i) for i, name in enumerate(segments) if name[:1] == "{"]
        entry = Entry(place, path, route, app, tuple(parameters))
        node = self._root
        for segment in segments:
            node = node.below(segment)
        for method in context.methods or ():
            node.entries.setdefault(method, entry)

    def find(self, method: str, path: str) -> tuple[Entry, dict[str, str]] | None:
        """The entry that answers a request, with the parameters in its address."""
        segments = path.split("/")
        entry = self._root.find(method, segments, 0)
        if entry is None:
            return None
        return entry, {name: segments[i] for name, i in entry.parameters}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = None
        if scope["type"] == "http" and not scope.get("root_path"):
            found = self.find(scope["method"], scope["path"])
        if found is None:
            await self._app(scope, receive, send)
            return
        entry, parameters = found
        scope["route"], scope["endpoint"] = entry.route, entry.route.endpoint
        scope["path_params"] = parameters
        await entry.app(scope, receive, send)
