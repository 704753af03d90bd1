"""Settings that operators change while the platform runs."""

from __future__ import annotations

from typing import Any

from ctfy.server.models.base import Request, Response


class PlatformSettingInfo(Response):
    """A setting: its value, and where that comes from (`db`, `env` or `default`)."""

    key: str = ""
    type: str = ""
    description: str = ""
    value: Any = None
    source: str = ""
    env_value: Any = None
    default_value: Any = None
    bounds: dict[str, Any] = {}


class PlatformSettingPatch(Request):
    """The new value."""

    value: Any = None
