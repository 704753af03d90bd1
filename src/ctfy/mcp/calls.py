"""A call of a tool or a resource, and the client that acts for its caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context

from ctfy.sdk.aio import AsyncPlatformClient

# The client for an HTTP request (None on standard input); whoever asked for it closes it.
Clients = Callable[[Any], AsyncPlatformClient]
# What the library hands to every tool and resource; it carries the server's Clients.
Call = Context[Clients, Any]


def client(call: Call) -> AsyncPlatformClient:
    """The caller's client, to be used as `async with client(call) as c`."""
    request = call.request_context
    return request.lifespan_context(request.request)
