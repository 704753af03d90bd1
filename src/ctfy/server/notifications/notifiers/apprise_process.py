"""Sends one message by way of Apprise, in a process of its own: an order comes in, an answer goes.

Apprise knows two hundred services, and an address decides what it does: whom it connects to, which
files it reads. So before it is given one, this process forbids itself what no message needs: to
connect to an address that is not public, to read anything but programs and certificates, to write,
and to start programs. Redirects, names that lead inwards and libraries of its own are all held by
that, since it is asked of each connection as it is made.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
from typing import Any

from ctfy.core.outward import may_connect

_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_FORBIDDEN = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.putenv",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
    "syslog.openlog",
    "syslog.syslog",
)
_READABLE = (sys.prefix, sys.base_prefix, "/usr/", "/lib", "/etc/ssl", "/etc/pki", "/dev/null")
_READABLE_FILES = ("/etc/mime.types", "/etc/localtime", "/etc/timezone")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MOST_MEMORY = 1024**3


class Confinement:
    """What this process forbids itself, and the first thing that it was kept from."""

    def __init__(self, networks: list[str]) -> None:
        self.refused = ""
        self._networks = networks

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at what is about to happen: Python calls this for each such thing."""
        if event in _CONNECTS:
            self._connect(arguments[1])
        elif event in _FORBIDDEN:
            self._refuse(f"{event} is not allowed")
        elif event == "open":
            self._open(*arguments)

    def _connect(self, address: Any) -> None:
        if address is None:  # of a socket that is connected, which was looked at
            return
        host = address[0] if isinstance(address, tuple) and address else ""
        if not isinstance(host, str) or not may_connect(host, self._networks):
            self._refuse(f"{host or 'a local socket'} is not a public address")

    def _open(self, path: Any, _: Any, flags: Any) -> None:
        if not isinstance(path, str | bytes):  # what is open already
            return
        name = os.path.realpath(os.fsdecode(path))
        readable = name.startswith(_READABLE) or name in _READABLE_FILES
        if not readable or (int(flags or 0) & _WRITES and name != "/dev/null"):
            self._refuse(f"{os.path.basename(name)} is not for it to open")

    def _refuse(self, reason: str) -> None:
        self.refused = self.refused or reason
        raise PermissionError(reason)


class Warnings(logging.Handler):
    """Keeps what Apprise says when something fails."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.said.append(record.getMessage())


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Check an address, or send a message to it."""
    import apprise

    asset = apprise.AppriseAsset(
        app_id=order.get("title", "ctfy"),
        app_desc=order.get("title", "ctfy"),
        app_url=order.get("url", ""),
        async_mode=False,
        plugin_paths=[],
    )
    warnings = Warnings()
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [warnings], False
    confinement = Confinement(order.get("networks", []))
    sys.addaudithook(confinement)
    service = apprise.Apprise.instantiate(order["address"], asset=asset)
    if service is None:
        return {"ok": False, "said": "Apprise knows no service by such an address"}
    if order.get("check"):
        return {"ok": True, "said": str(service.service_name)}
    ok = service.notify(
        title=order["title"], body=order["body"], body_format=apprise.NotifyFormat.TEXT
    )
    if ok:
        return {"ok": True, "said": f"{service.service_name} took it"}
    why = confinement.refused or (warnings.said or ["Apprise could not send it"])[-1]
    return {"ok": False, "said": why}


def main() -> None:
    """Take an order, give an answer. What Apprise prints goes nowhere."""
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    answers, sys.stdout = sys.stdout, sys.stderr
    order = json.load(sys.stdin)
    try:
        found = answer(order)
    except Exception as error:
        found = {"ok": False, "said": f"Apprise failed: {type(error).__name__}"}
    json.dump(found, answers)
    answers.flush()
    os._exit(0)  # threads of its own hold nobody up


if __name__ == "__main__":
    main()
