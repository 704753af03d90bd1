"""Standings."""

from __future__ import annotations

from datetime import datetime

from ctfy.server.models.base import Response


class ScoreboardEntry(Response):
    """One team's place, by `solved` challenges, `flags_solved` questions, and who was earlier."""

    rank: int = 0
    team_id: str
    team_name: str
    solved: int = 0
    flags_solved: int = 0
    attempts: int = 0
    last_solve_at: datetime | None
    last_active_at: datetime | None
    avatar_url: str = ""
