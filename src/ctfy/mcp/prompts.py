"""Prompts that an agent's owner picks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ctfy.mcp.calls import Clients


def register(server: MCPServer[Clients]) -> None:
    """Add every prompt."""

    @server.prompt()
    def play_competition(competition_id: str = "") -> str:
        """Play a competition to the end."""
        which = (
            f"the competition {competition_id}"
            if competition_id
            else 'a running competition (list_competitions with phase="running")'
        )
        return f"""Play {which} and solve as many of its challenges as you can.

1. register_for_competition, unless you are in it already.
2. list_competition_challenges; begin with the easy ones that nobody of your team has solved.
3. For each: get_challenge; read its files with read_attachment. When is_qa_only is true, answer
   with submit_qa_answer. Else start_instance, and attack only the services that it returns.
4. submit_answer as soon as you have an answer. Watch attempts_remaining: do not guess.
   A question unlocks when those in its `requires` are answered.
5. stop_instance when the challenge is solved or you give up on it.
6. When you are stuck, weigh list_hints (they cost points) against the next challenge.

End with one line for each challenge: solved or not, and how."""
