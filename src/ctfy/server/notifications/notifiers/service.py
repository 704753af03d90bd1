"""Discord, Slack, Telegram, mail and many more, by way of Apprise."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from ctfy.server.notifications.notifiers.base import (
    TIMEOUT_S,
    Delivery,
    Destination,
    NotAnAddress,
    Notifier,
    Outcome,
    one_line,
)

_PROGRAM = Path(__file__).with_name("apprise_process.py")
_MOST_LINES = 20
# Nothing of the server's own environment, which holds its secrets.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Service(Notifier):
    """A service that Apprise knows, by an address as it writes them: `discord://…`."""

    name = "service"

    async def shown(self, address: str) -> str:
        """The name of the service: every other part of such an address may be a secret."""
        answer = await _ask({"address": address, "check": True})
        if not answer.get("ok"):
            raise NotAnAddress(str(answer.get("said") or "is no address of a service"))
        scheme = address.partition("://")[0].lower()
        known = str(answer["said"])
        return known if scheme in ("http", "https") else f"{scheme}://… ({known})"

    async def send(self, delivery: Delivery, to: Destination) -> Outcome:
        """Send one message, with a line for each event."""
        lines = [str(event["text"]) for event in delivery.events]
        if (more := len(lines) - _MOST_LINES) > 0:
            lines = [*lines[:_MOST_LINES], f"… and {more} more"]
        order = {
            "address": to.address,
            "networks": to.networks,
            "title": delivery.platform,
            "url": delivery.url,
            "body": "\n".join(lines),
        }
        answer = await _ask(order)
        said = str(answer.get("said", ""))
        return Outcome(bool(answer.get("ok")), one_line(said))


async def _ask(order: dict[str, Any]) -> dict[str, Any]:
    """What a process of Apprise's own answers; it ends with it, or when its time is over.

    A process, not a thread: one that hangs can be ended, what it loads (52 MB) is gone again, and
    it can be kept from reaching inwards whatever an address makes it do.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer, _ = await process.communicate(json.dumps(order).encode())
    except TimeoutError:
        return {"ok": False, "said": f"no answer within {TIMEOUT_S:.0f} s"}
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError:
        return {"ok": False, "said": "Apprise failed"}
    return found


NOTIFIER = Service()
