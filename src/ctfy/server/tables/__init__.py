"""Every table, for the migrations: importing the modules puts them on `Base.metadata`."""

from ctfy.server.database.base import Base
from ctfy.server.tables import access as access
from ctfy.server.tables import accounts as accounts
from ctfy.server.tables import achievements as achievements
from ctfy.server.tables import announcements as announcements
from ctfy.server.tables import challenges as challenges
from ctfy.server.tables import competitions as competitions
from ctfy.server.tables import events as events
from ctfy.server.tables import fields as fields
from ctfy.server.tables import idempotency as idempotency
from ctfy.server.tables import incidents as incidents
from ctfy.server.tables import instances as instances
from ctfy.server.tables import nodes as nodes
from ctfy.server.tables import notifications as notifications
from ctfy.server.tables import platform_settings as platform_settings
from ctfy.server.tables import rate_limits as rate_limits
from ctfy.server.tables import records as records
from ctfy.server.tables import shell as shell
from ctfy.server.tables import site as site
from ctfy.server.tables import standings as standings
from ctfy.server.tables import submissions as submissions
from ctfy.server.tables import tasks as tasks
from ctfy.server.tables import teams as teams
from ctfy.server.tables import writeups as writeups

__all__ = [
    "Base",
    "access",
    "accounts",
    "achievements",
    "announcements",
    "challenges",
    "competitions",
    "events",
    "fields",
    "idempotency",
    "incidents",
    "instances",
    "nodes",
    "notifications",
    "platform_settings",
    "rate_limits",
    "records",
    "shell",
    "site",
    "standings",
    "submissions",
    "tasks",
    "teams",
    "writeups",
]
