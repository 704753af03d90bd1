"""Standings, and the statistics drawn from the same solves."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ctfy.core.enums import ChallengeCategory
from ctfy.server.models.base import Response
from ctfy.server.models.competitions import PausedAt, Phase, RankBy, ScoreboardVisibility


class ScoreboardEntry(Response):
    """One team's place, by the competition's `rank_by`, then by who was earlier."""

    rank: int = 0
    team_id: str
    team_name: str
    solved: int = 0
    flags_solved: int = 0
    attempts: int = 0
    last_solve_at: datetime | None = None
    last_active_at: datetime | None = None
    avatar_url: str = Field("", description="The team's logo")
    points: int = 0
    bracket: str = ""
    competition_id: str = ""


class UserScoreboardEntry(Response):
    """One person's place over all competitions."""

    rank: int = 0
    user_id: str
    display_name: str
    avatar_url: str = ""
    country: str = ""
    flags_solved: int = 0
    solved: int = 0
    last_solve_at: datetime | None = None


class ChallengeFlagStats(Response):
    """How many teams answered one question."""

    flag_id: str
    solves_count: int = 0


class ChallengeStats(Response):
    """A challenge over all competitions; `success_rate` is solves per attempt, 0 to 1."""

    challenge_id: str
    name: str = ""
    category: ChallengeCategory | None = None
    difficulty: str = ""
    solves_count: int = 0
    total_attempts: int = 0
    success_rate: float = 0.0
    flag_stats: list[ChallengeFlagStats] = []


class ScoreboardSnapshotState(Response):
    """One team's place at one moment."""

    snapshot_at: datetime | None = None
    snapshot_at_ts: float = 0.0
    team_id: str = ""
    team_name: str = ""
    rank: int = 0
    solved: int = 0
    attempts: int = 0
    points: int = 0
    competition_id: str = ""


class ScoreHistoryPoint(Response):
    """A team's score and rank from `ts` (Unix seconds) on."""

    ts: float = 0.0
    score: int = 0
    rank: int = 0


class ScoreHistorySeries(Response):
    """One team over time."""

    team_id: str
    team_name: str
    points: list[ScoreHistoryPoint] = []


class CompetitionScoreHistory(Response):
    """The best teams over time."""

    series: list[ScoreHistorySeries] = []
    generated_at: float = 0.0


class ScoreBucket(Response):
    """How many teams solved that many challenges; `label` is a number or a range."""

    label: str
    count: int = 0


class CompetitionScoreDistribution(Response):
    """How the teams spread over the number of solved challenges."""

    total_teams: int = 0
    bins: list[ScoreBucket] = []


class AdminSolveMatrixTeam(Response):
    """A row of the matrix."""

    team_id: str
    name: str = ""
    solved: int = 0


class AdminSolveMatrixChallenge(Response):
    """A column of the matrix."""

    challenge_id: str
    name: str = ""
    category: str = ""
    difficulty: str = ""
    solves_count: int = 0


class AdminSolveCell(Response):
    """One team on one challenge; cells without an attempt are left out."""

    team_id: str
    challenge_id: str
    solved: bool = False
    solved_at: datetime | None = None
    solve_time_s: float = 0.0
    attempts: int = 0
    first_blood: bool = False


class AdminSolveMatrix(Response):
    """Who solved what."""

    teams: list[AdminSolveMatrixTeam] = []
    challenges: list[AdminSolveMatrixChallenge] = []
    cells: list[AdminSolveCell] = []


class CompetitionChallengeRow(Response):
    """One challenge in a competition."""

    challenge_id: str
    name: str = ""
    category: ChallengeCategory | None = None
    difficulty: str = ""
    solves_count: int = 0
    attempts: int = 0
    success_rate: float = 0.0
    first_blood_team_id: str = ""
    first_blood_team_name: str = ""
    first_blood_at: datetime | None = None
    value: int = 0


class CompetitionChallengeBreakdown(Response):
    """Every challenge of a competition, in the curator's order."""

    challenges: list[CompetitionChallengeRow] = []
    generated_at: float = 0.0


class CtftimeStanding(Response):
    """A team in CTFtime's scoreboard format."""

    pos: int
    team: str
    score: float
    lastAccept: int


class CtftimeScoreboard(Response):
    """CTFtime's scoreboard JSON (https://ctftime.org/json-scoreboard-feed)."""

    tasks: list[str]
    standings: list[CtftimeStanding]


class WallSolve(Response):
    """A challenge that a team just solved whole; `rank` 1 is a first blood."""

    team_id: str
    team_name: str
    challenge_id: str
    challenge_name: str
    rank: int
    solved_at: datetime | None


class PublicCompetition(Response):
    """What everybody may know of a public competition, signed in or not."""

    id: str
    title: str
    description: str
    starts_at: datetime | None
    ends_at: datetime | None
    freezes_at: datetime | None
    phase: Phase
    rank_by: RankBy
    scoreboard_visibility: ScoreboardVisibility = "public"
    paused_at: PausedAt = None


class Wall(Response):
    """A competition on a big screen: its best teams, their way there, and the latest solves."""

    competition: PublicCompetition
    teams: int
    entries: list[ScoreboardEntry]
    series: list[ScoreHistorySeries]
    challenges: list[CompetitionChallengeRow]
    latest: list[WallSolve]
