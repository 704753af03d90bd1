"""One story for both clients: called directly, or waited for."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import pytest

from ctfy.sdk import CtfyApiError
from ctfy.sdk.competition import Competition
from tests.processes import PATIENCE_S


def public_methods(classes: Iterable[type]) -> set[str]:
    return {
        f"{cls.__name__}.{name}"
        for cls in classes
        for name, member in vars(cls).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


class Loop:
    """An event loop in a thread, for the asynchronous client."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_S)

    def iterate(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self.wait(anext(items))
            except StopAsyncIteration:
                return


class Client:
    """A client, or a part of one, that notes what is called of it."""

    def __init__(self, target: Any, called: set[str], loop: Loop | None) -> None:
        self._target, self._called, self._loop = target, called, loop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return (
                Client(value, self._called, self._loop) if "ctfy.sdk" in str(type(value)) else value
            )
        cls = type(self._target).__name__.removeprefix("Async")

        def call(*args: Any, **kwargs: Any) -> Any:
            self._called.add(f"{cls}.{name}")
            result = value(*args, **kwargs)
            if inspect.iscoroutine(result):
                assert self._loop is not None
                result = self._loop.wait(result)
            elif hasattr(result, "__aiter__") and self._loop is not None:
                return self._loop.iterate(aiter(result))
            if isinstance(result, (Competition,)) or "competition.Competition" in str(type(result)):
                return Client(result, self._called, self._loop)
            return result

        return call


def assert_iterates(part: Any, *arguments: Any, **filters: Any) -> None:
    """What is iterated is what is listed."""
    listed = part.list(*arguments, **filters, limit=1000)
    assert listed
    found = list(part.iterate(*arguments, **filters))
    assert sorted(map(repr, found)) == sorted(map(repr, listed))


def refused(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(CtfyApiError) as caught:
        call(*args, **kwargs)
    return caught.value.code
