"""The platform at a glance, and for machines that watch it."""

from __future__ import annotations

from ctfy.server.domain import Domain
from ctfy.server.observability.counters import Metrics
from ctfy.server.observability.routes import router

DOMAIN = Domain(
    routers=(router,),
    services=(Metrics,),
)
