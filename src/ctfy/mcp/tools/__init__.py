"""The tools. Names and arguments are a contract that agents hold; defaults may be added.

A tool is a function: its name, arguments and docstring are what agents see. It is offered when it
stands in one of the lists below, in their order. Outputs are small unless more is asked for: what
a model reads costs its owner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp_types import ToolAnnotations

from ctfy.mcp.tools import account, challenges, competitions, instances, standings, submissions

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ctfy.mcp.calls import Clients

# These change nothing, and say so.
READING: list[Callable[..., Any]] = [
    competitions.list_competitions,
    competitions.get_competition,
    competitions.list_competition_challenges,
    challenges.search_challenges,
    challenges.list_challenges,
    challenges.get_challenge,
    challenges.list_challenge_attachments,
    challenges.read_attachment,
    instances.get_instance,
    instances.get_instance_status,
    instances.wait_until_ready,
    instances.list_instances,
    instances.get_traffic,
    instances.get_vpn_config,
    challenges.list_hints,
    submissions.list_submissions,
    standings.get_scoreboard,
    standings.get_challenge_stats,
    standings.list_events,
    account.get_me,
    account.health,
]
ACTING: list[Callable[..., Any]] = [
    competitions.register_for_competition,
    instances.start_instance,
    instances.stop_instance,
    instances.renew_instance,
    submissions.verify_answer,
    submissions.submit_answer,
    submissions.submit_qa_answer,
    challenges.unlock_hint,
]


def register(server: MCPServer[Clients]) -> None:
    """Add every tool."""
    for function in READING:
        server.add_tool(function, annotations=ToolAnnotations(read_only_hint=True))
    for function in ACTING:
        server.add_tool(function)
