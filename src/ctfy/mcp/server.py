"""An MCP server whose refusals say what to do next."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)

from ctfy import __version__
from ctfy.mcp import prompts, resources, tools
from ctfy.mcp.calls import Call, Clients
from ctfy.sdk import CtfyApiError, CtfyError

_INSTRUCTIONS = """Capture-the-flag competitions. Usual order: list_competitions(phase="running"),
register_for_competition, list_competition_challenges, get_challenge, start_instance, attack the
URLs in `services`, submit_answer, stop_instance. A question unlocks when all in its `requires` are
answered. Wrong answers may be capped: attempts_remaining says how many are left."""

# What to do about a refusal, by its stable code.
_NEXT = {
    "unauthorized": "The token is not valid; a new one is needed.",
    "token_missing_scope": "Ask for a token with that scope.",
    "token_competition_forbidden": "list_competitions shows those that this token reaches.",
    "not_registered": "Call register_for_competition first.",
    "team_missing": "Call register_for_competition first.",
    "competition_scope_required": "Give competition_id; list_competitions shows the choices.",
    "competition_not_found": "list_competitions shows those there are.",
    "challenge_not_found": "list_challenges shows those there are.",
    "unknown_challenge": "list_challenges shows those there are.",
    "instance_not_found": "list_instances shows yours; start_instance makes one.",
    "unknown_question_id": "get_instance shows the question ids.",
    "question_attempt_cap_exceeded": "No attempt is left: go on with another question.",
    "competition_ended": "Answers no longer count.",
    "capacity_exceeded": "stop_instance one that you do not need, then try again.",
    "rate_limit": "Wait before the next call.",
    "attachment_not_found": "list_challenge_attachments and get_instance name the files.",
    "openvpn_config_not_available": "This instance has no VPN: use the URLs in its services.",
}


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
            tool.parameters["additionalProperties"] = False
        resources.register(self)
        prompts.register(self)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Call | None = None
    ) -> Any:
        """Call a tool; an argument that it does not know is refused, not ignored."""
        tool = self._tool_manager.get_tool(name)
        if tool is not None:
            known = tool.parameters.get("properties", {})
            unknown = [argument for argument in arguments if argument not in known]
            if unknown:
                takes = ", ".join(known) or "no arguments"
                raise ToolError(f"{name} does not know {', '.join(unknown)}. It takes: {takes}.")
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError as error:
            if words := explained(error.__cause__):
                raise ToolError(words) from error
            raise

    async def read_resource(self, uri: Any, context: Call | None = None) -> Any:
        """Read a resource."""
        try:
            return await super().read_resource(uri, context)
        except UnexpectedResourceError as error:
            words = explained(error.__cause__)
            if not words:
                raise
            missing = getattr(error.__cause__, "status_code", 0) == 404
            raise (ResourceNotFoundError if missing else ResourceError)(words) from error


def explained(error: BaseException | None) -> str:
    """A failure that was to be expected, in words with the next step; empty for any other."""
    if isinstance(error, CtfyApiError):
        detail = error.detail
        message = detail.get("message", detail) if isinstance(detail, dict) else detail
        if isinstance(detail, dict) and detail.get("issues"):
            message = "; ".join(f"{i['loc'][-1]}: {i['msg']}" for i in detail["issues"])
        elif isinstance(detail, dict):
            context = {k: v for k, v in detail.items() if k != "message"}
            message = f"{message} {context}" if context else message
        following = f" {_NEXT[error.code]}" if error.code in _NEXT else ""
        return f"{message} [{error.code}]{following}"
    if isinstance(error, CtfyError):
        return str(error)
    if isinstance(error, httpx.TransportError):
        return "The ctfy server does not answer. Wait, then try again."
    return ""
