"""Records: what an instance did, kept when it ends."""

from __future__ import annotations

from ctfy.server.domain import Domain, Job, Schedule
from ctfy.server.records.archive import clear_away, sweep
from ctfy.server.records.routes import router

DOMAIN = Domain(
    routers=(router,),
    jobs=(Job("clear_away", clear_away),),
    schedules=(
        Schedule(
            "retention_sweep",
            3600,
            "Archives what ended, removes archives and events that are old",
            sweep,
        ),
    ),
)
