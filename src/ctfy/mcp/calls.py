"""A call of a tool or a resource, and the client that acts for its caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mcp.server.mcpserver import Context
from pydantic import BaseModel

from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.models.base import Page

# The client for an HTTP request (None on standard input); whoever asked for it closes it.
Clients = Callable[[Any], AsyncPlatformClient]
# What the library hands to every tool and resource; it carries the server's Clients.
Call = Context[Clients, Any]
Row = TypeVar("Row", bound=BaseModel)


def client(call: Call) -> AsyncPlatformClient:
    """The caller's client, to be used as `async with client(call) as c`."""
    request = call.request_context
    return request.lifespan_context(request.request)


async def fetch_page(
    c: AsyncPlatformClient, model: type[Row], path: str, **params: Any
) -> Page[Row]:
    """One page with its total, which the SDK's lists do not have. Empty values are left out."""
    of: Any = Page  # a model made at run time is no type to a checker
    given = {name: value for name, value in params.items() if value not in (None, "")}
    page: Page[Row] = await c.fetch(of[model], "GET", path, params=given)
    return page
