"""Every domain, in the order in which their routes are tried: what is asked most comes first.

A domain builds on those further down; the order is the one that the layers contract declares.
"""

from __future__ import annotations

from ctfy.server import (
    accounts,
    achievements,
    activity,
    announcements,
    challenges,
    competitions,
    fields,
    incidents,
    instances,
    nodes,
    notifications,
    observability,
    platform_settings,
    records,
    shell,
    site,
    standings,
    submissions,
    tasks,
    teams,
    writeups,
)
from ctfy.server.domain import Domain

DOMAINS: tuple[Domain, ...] = (
    observability.DOMAIN,
    notifications.DOMAIN,
    achievements.DOMAIN,
    submissions.DOMAIN,
    instances.DOMAIN,
    writeups.DOMAIN,
    challenges.DOMAIN,
    standings.DOMAIN,
    accounts.DOMAIN,
    teams.DOMAIN,
    competitions.DOMAIN,
    fields.DOMAIN,
    announcements.DOMAIN,
    shell.DOMAIN,
    records.DOMAIN,
    incidents.DOMAIN,
    nodes.DOMAIN,
    tasks.DOMAIN,
    activity.DOMAIN,
    site.DOMAIN,
    platform_settings.DOMAIN,
)
