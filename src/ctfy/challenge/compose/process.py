"""How a service's process runs: command, user, health and so on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from ctfy.challenge.compose.values import Reader, nanoseconds
from ctfy.challenge.documents import Location

_SIGNAL = re.compile(r"[A-Z0-9+-]{1,20}")
_HEALTH_KEYS = frozenset(
    ["test", "interval", "timeout", "start_period", "start_interval", "retries", "disable"]
)
_SHORTEST_INTERVAL_NS, _LONGEST_NS = 10**8, 24 * 3600 * 10**9


def _words(read: Reader, at: Location, value: Any) -> Any:
    if isinstance(value, list):
        return [read.text((*at, number), word) for number, word in enumerate(value)]
    text = read.text(at, value)
    try:
        shlex.split(text)
    except ValueError:
        problem = f"`{at[-1]}` has a quotation mark without a second"
        read.refuse(at, f"compose.{at[-1]}", problem, "write a list of words")
    return text


def _flag(read: Reader, at: Location, value: Any) -> bool:
    if not isinstance(value, bool):
        read.refuse(at, f"compose.{at[-1]}", f"`{at[-1]}` is neither true nor false", "say which")
    return bool(value)


def _signal(read: Reader, at: Location, value: Any) -> str:
    text = read.plain(at, value)
    if not _SIGNAL.fullmatch(text):
        read.refuse(at, "compose.stop_signal", f"`{text}` is no signal", "name one, as SIGINT")
    return text


def _duration(read: Reader, at: Location, value: Any) -> str:
    text = read.plain(at, value)
    try:
        right = nanoseconds(text) <= _LONGEST_NS
    except ValueError:
        right = False
    if not right:
        read.refuse(at, "compose.duration", f"`{text}` is no duration", "write it as 1m30s")
        return "1s"
    return text


def _healthcheck(read: Reader, at: Location, value: Any) -> dict[str, Any]:
    given = read.keys(at, value, _HEALTH_KEYS, "healthcheck")
    made: dict[str, Any] = {}
    for key in ("interval", "timeout", "start_period"):
        if key in given:
            made[key] = _duration(read, (*at, key), given[key])
    if "start_interval" in given:
        problem = "`start_interval` is not heeded: `interval` holds from the start"
        read.note((*at, "start_interval"), "compose.healthcheck", problem)
    if "interval" in made and nanoseconds(made["interval"]) < _SHORTEST_INTERVAL_NS:
        problem = f"is looked after every {made['interval']}"
        read.refuse((*at, "interval"), "compose.healthcheck", problem, "at least 100ms")
    if "retries" in given:
        made["retries"] = given["retries"]
        if type(given["retries"]) is not int or not 0 <= given["retries"] <= 10_000:
            problem = "`retries` is no number of them"
            read.refuse((*at, "retries"), "compose.healthcheck", problem, "write it as 3")
    if "disable" in given:
        made["disable"] = _flag(read, (*at, "disable"), given["disable"])
    if "test" in given:
        made["test"] = test = _words(read, (*at, "test"), given["test"])
        if isinstance(test, list) and (test[:1] or [""])[0] not in ("NONE", "CMD", "CMD-SHELL"):
            fix = "begin it with CMD or CMD-SHELL"
            read.refuse((*at, "test"), "compose.healthcheck", "`test` is no command", fix)
    return made


SETTINGS: dict[str, Callable[[Reader, Location, Any], Any]] = {
    "command": _words,
    "entrypoint": _words,
    "healthcheck": _healthcheck,
    "hostname": Reader.text,
    "init": _flag,
    "read_only": _flag,
    "stop_grace_period": _duration,
    "stop_signal": _signal,
    "user": Reader.text,
    "working_dir": Reader.text,
}
