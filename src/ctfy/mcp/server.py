"""An MCP server whose refusals say what to do next."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from ctfy import __version__
from ctfy.mcp import prompts, refusals, resources, schemas, tools
from ctfy.mcp.calls import Call, Clients

_INSTRUCTIONS = """Capture-the-flag competitions. Play in this order: list_competitions with
phase="running"; register_for_competition; list_competition_challenges; get_challenge;
start_instance; attack the URLs in its `services`; submit_answer; stop_instance. Where is_qa_only is
true there is no instance: submit_qa_answer. A question opens when those in its `requires` are
answered. attempts_remaining says how many wrong answers are left."""


class CtfyTools(MCPServer[Clients]):
    """The tools, resources and prompts; `clients` gives the client for a request."""

    def __init__(self, clients: Clients) -> None:
        super().__init__(
            "ctfy",
            title="ctfy",
            description="Capture-the-flag competitions",
            instructions=_INSTRUCTIONS,
            version=__version__,
            lifespan=lambda _: contextlib.nullcontext(clients),
            log_level="WARNING",
            subscriptions=False,
        )
        tools.register(self)
        for tool in self._tool_manager.list_tools():
            tool.parameters = schemas.of_arguments(tool.parameters)
            whole = tool.fn_metadata.output_schema
            tool.fn_metadata.output_schema = schemas.of_result(whole or {"properties": {}})
        resources.register(self)
        prompts.register(self)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Call | None = None
    ) -> Any:
        """Call a tool; an argument that it does not know is refused, not ignored."""
        tool = self._tool_manager.get_tool(name)
        if tool is None:
            known = ", ".join(tool.name for tool in self._tool_manager.list_tools())
            raise ToolError(f"There is no tool {name}. There are: {known}.")
        # Models send null for what they leave out.
        needed = tool.parameters.get("required", ())
        given = {k: v for k, v in arguments.items() if v is not None or k in needed}
        error: BaseException | None
        if words := refusals.of_arguments(name, given, tool.parameters, None):
            raise ToolError(words)
        try:
            found = await super().call_tool(name, given, context)
        except UnexpectedToolError as unexpected:
            error = unexpected.__cause__
            if words := refusals.explained(error, tool.parameters["properties"]):
                raise ToolError(words) from error
            raise UnexpectedToolError(refusals.BROKEN) from error
        except ToolError as refused:
            error = refused.__cause__
            if isinstance(error, ValidationError):
                words = refusals.of_arguments(name, given, tool.parameters, error)
                raise ToolError(words) from error
            raise ToolError(str(error or refused)) from error
        return _compact(found)

    async def read_resource(self, uri: Any, context: Call | None = None) -> Any:
        """Read a resource."""
        try:
            return await super().read_resource(uri, context)
        except UnexpectedResourceError as error:
            words = refusals.explained(error.__cause__, {})
            if not words:
                raise UnexpectedResourceError(refusals.BROKEN) from error.__cause__
            missing = getattr(error.__cause__, "status_code", 0) == 404
            raise (ResourceNotFoundError if missing else ResourceError)(words) from error


def _compact(found: Any) -> Any:
    """A result whose text is its fields, on one line; what is one text stays as it is."""
    fields = found.structured_content if isinstance(found, CallToolResult) else None
    if fields is None or isinstance(fields.get("result"), str):
        return found
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return found.model_copy(update={"content": [TextContent(type="text", text=text)]})
