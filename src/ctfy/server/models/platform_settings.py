"""Settings that operators change while the platform runs."""

from __future__ import annotations

from typing import Any

from ctfy.server.models.base import Request, Response


class PlatformSettingInfo(Response):
    """A setting: its value, and where that comes from (`db`, `env` or `default`).

    Of one that is `write_only`, the value says whether there is one, and no more.
    """

    key: str = ""
    type: str = ""
    description: str = ""
    value: Any = None
    source: str = ""
    env_value: Any = None
    default_value: Any = None
    bounds: dict[str, Any] = {}
    write_only: bool = False


class PlatformSettingPatch(Request):
    """The new value."""

    value: Any = None


class MailTest(Response):
    """What became of a test mail: to whom, by which server, and what that said, in a line."""

    ok: bool
    to: str
    server: str
    said: str
