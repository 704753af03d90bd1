"""Worker nodes: they join, beat, fall silent and leave."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from ctfy.server.domain import Domain, Retention, Schedule
from ctfy.server.nodes.clients import NodeClients
from ctfy.server.nodes.routes import admin, router
from ctfy.server.nodes.service import health_check
from ctfy.server.nodes.warnings import warn_at_start
from ctfy.server.tables.nodes import NodeSample

_KEPT_FOR = timedelta(days=7)

DOMAIN = Domain(
    routers=(router, admin),
    services=(NodeClients,),
    schedules=(Schedule("health_check", 10, "Marks nodes that have fallen silent", health_check),),
    background=(warn_at_start,),
    retention=(
        Retention(lambda _, now: delete(NodeSample).where(NodeSample.sampled_at < now - _KEPT_FOR)),
    ),
)
