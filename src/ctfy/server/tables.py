"""Every table, for the migrations: importing the modules puts them on `Base.metadata`."""

from ctfy.server.access import tables as access
from ctfy.server.accounts import tables as accounts
from ctfy.server.achievements import tables as achievements
from ctfy.server.announcements import tables as announcements
from ctfy.server.challenges import tables as challenges
from ctfy.server.competitions import tables as competitions
from ctfy.server.database.base import Base
from ctfy.server.events import tables as events
from ctfy.server.instances import tables as instances
from ctfy.server.nodes import tables as nodes
from ctfy.server.standings import tables as standings
from ctfy.server.submissions import tables as submissions
from ctfy.server.teams import tables as teams

__all__ = [
    "Base",
    "access",
    "accounts",
    "achievements",
    "announcements",
    "challenges",
    "competitions",
    "events",
    "instances",
    "nodes",
    "standings",
    "submissions",
    "teams",
]
