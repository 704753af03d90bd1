"""The Python SDK: everything that a player, an operator or a node does over the wire."""

import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any

# httpx loads its own command line where it can: rich, click and pygments, 80 modules that were a
# sixth of the time this import takes. Without it, httpx goes without, as it does by itself.
if "httpx" not in sys.modules:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    import httpx  # noqa: F401

    del sys.modules["httpx._main"]

from ctfy.sdk.client import PlatformClient
from ctfy.sdk.errors import (
    AttemptCapError,
    BadAnswer,
    CapacityError,
    ConfigError,
    ConflictError,
    CtfyApiError,
    CtfyError,
    ForbiddenError,
    InstanceFailed,
    NotFoundError,
    RateLimitedError,
    ServerError,
    StartTimeout,
    UnauthorizedError,
    ValidationError,
)
from ctfy.sdk.events import EventStream
from ctfy.sdk.resources.instances import InstanceReadyResult

if TYPE_CHECKING:
    from ctfy.sdk.admin import AdminClient
    from ctfy.sdk.node import TypedNodeClient
    from ctfy.sdk.node_client import NodeClient

# What few programs need is read when it is asked for.
_LATER = {"AdminClient": "admin", "TypedNodeClient": "node", "NodeClient": "node_client"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# A program that wants to read what happens configures the logger `ctfy`; others hear nothing.
logging.getLogger("ctfy").addHandler(logging.NullHandler())

__all__ = [
    "AdminClient",
    "AttemptCapError",
    "BadAnswer",
    "CapacityError",
    "ConfigError",
    "ConflictError",
    "CtfyApiError",
    "CtfyError",
    "EventStream",
    "ForbiddenError",
    "InstanceFailed",
    "InstanceReadyResult",
    "NodeClient",
    "NotFoundError",
    "PlatformClient",
    "RateLimitedError",
    "ServerError",
    "StartTimeout",
    "TypedNodeClient",
    "UnauthorizedError",
    "ValidationError",
]
