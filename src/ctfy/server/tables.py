"""Every table, for the migrations."""

from ctfy.server.access.tables import Token, User
from ctfy.server.competitions.tables import Competition, CompetitionChallenge
from ctfy.server.database.base import Base
from ctfy.server.events.tables import Event
from ctfy.server.instances.tables import Instance
from ctfy.server.nodes.tables import Node, NodeInvite
from ctfy.server.submissions.tables import ChallengeSolve, QuestionAttempts, Solve, Submission
from ctfy.server.teams.tables import Team, TeamMember

__all__ = [
    "Base",
    "ChallengeSolve",
    "Competition",
    "CompetitionChallenge",
    "Event",
    "Instance",
    "Node",
    "NodeInvite",
    "QuestionAttempts",
    "Solve",
    "Submission",
    "Team",
    "TeamMember",
    "Token",
    "User",
]
