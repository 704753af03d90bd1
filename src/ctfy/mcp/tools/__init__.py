"""The tools. Names and arguments are a contract that agents hold; defaults may be added.

A tool is a function: its name, arguments and docstring are what agents see. It is offered when it
stands in the table below, in its order, with what it does to the platform. Outputs are small unless
more is asked for: what a model reads costs its owner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp_types import ToolAnnotations

from ctfy.mcp.tools import account, challenges, competitions, instances, standings, submissions

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ctfy.mcp.calls import Clients


def _hints(*, reads: bool = False, ends: bool = False, again: bool = False) -> ToolAnnotations:
    """`reads`: changes nothing. `ends`: takes something away. `again`: twice is as once."""
    return ToolAnnotations(
        read_only_hint=reads,
        destructive_hint=ends,
        idempotent_hint=again,
        open_world_hint=False,  # all that there is, is on the platform
    )


_READS, _ADDS = _hints(reads=True, again=True), _hints()

TOOLS: dict[Callable[..., Any], ToolAnnotations] = {
    competitions.list_competitions: _READS,
    competitions.get_competition: _READS,
    competitions.list_competition_challenges: _READS,
    challenges.search_challenges: _READS,
    challenges.list_challenges: _READS,
    challenges.get_challenge: _READS,
    challenges.list_challenge_attachments: _READS,
    challenges.read_attachment: _READS,
    instances.get_instance: _READS,
    instances.get_instance_status: _READS,
    instances.wait_until_ready: _READS,
    instances.list_instances: _READS,
    instances.get_traffic: _READS,
    instances.get_vpn_config: _READS,
    challenges.list_hints: _READS,
    submissions.list_submissions: _READS,
    standings.get_scoreboard: _READS,
    standings.get_challenge_stats: _READS,
    standings.list_events: _READS,
    account.get_me: _READS,
    account.health: _READS,
    competitions.register_for_competition: _ADDS,
    instances.start_instance: _ADDS,
    instances.stop_instance: _hints(ends=True, again=True),
    instances.renew_instance: _ADDS,
    submissions.verify_answer: _ADDS,
    submissions.submit_answer: _ADDS,
    submissions.submit_qa_answer: _ADDS,
    challenges.unlock_hint: _hints(ends=True, again=True),  # points, the first time
}


def register(server: MCPServer[Clients]) -> None:
    """Add every tool."""
    for function, hints in TOOLS.items():
        server.add_tool(function, annotations=hints)
