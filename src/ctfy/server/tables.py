"""Every table, for the migrations: importing the modules puts them on `Base.metadata`."""

from ctfy.server.access import tables as access
from ctfy.server.accounts import tables as accounts
from ctfy.server.achievements import tables as achievements
from ctfy.server.announcements import tables as announcements
from ctfy.server.challenges import tables as challenges
from ctfy.server.competitions import tables as competitions
from ctfy.server.database.base import Base
from ctfy.server.events import tables as events
from ctfy.server.incidents import tables as incidents
from ctfy.server.instances import tables as instances
from ctfy.server.nodes import tables as nodes
from ctfy.server.platform_settings import tables as platform_settings
from ctfy.server.records import tables as records
from ctfy.server.shell import tables as shell
from ctfy.server.standings import tables as standings
from ctfy.server.submissions import tables as submissions
from ctfy.server.tasks import tables as tasks
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
    "incidents",
    "instances",
    "nodes",
    "platform_settings",
    "records",
    "shell",
    "standings",
    "submissions",
    "tasks",
    "teams",
]
