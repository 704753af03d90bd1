"""What a process is made of: one object of each type, found by that type.

Routes, jobs and services name what they use by its type, and nobody looks anything up by a name.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

Service = TypeVar("Service")
Result = TypeVar("Result")


class Services:
    """The objects that outlive a request, in the order in which they were added."""

    def __init__(self) -> None:
        self._by_type: dict[type[Any], Any] = {}
        self.started_at = time.time()

    def add(self, service: Service) -> Service:
        """Make an object known under its own type."""
        self._by_type[type(service)] = service
        return service

    def get(self, kind: type[Service]) -> Service:
        """The object of a type. Raises KeyError when there is none."""
        service: Service = self._by_type[kind]
        return service

    def all(self) -> list[Any]:
        """Every object, oldest first."""
        return list(self._by_type.values())

    def bind(self, function: Callable[..., Result]) -> Callable[..., Result]:
        """`function` with the parameters given whose types are known here. Classes work, too."""
        hints = get_type_hints(
            vars(function)["__init__"] if isinstance(function, type) else function
        )
        known = {
            name: self._by_type[hint]
            for name, hint in hints.items()
            if isinstance(hint, type) and hint in self._by_type
        }
        return functools.partial(function, **known)


class Application(FastAPI):
    """The ASGI app, which knows what the process is made of."""

    services: Services


def provided(kind: type[Any]) -> Any:
    """The parameter of a route that is the process's own object of a type."""

    # A coroutine although it waits for nothing: FastAPI runs plain functions in threads.
    async def of_process(connection: HTTPConnection) -> Any:
        return connection.app.services.get(kind)

    return Depends(of_process)
