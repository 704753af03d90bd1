"""Standings: computed once, sent as bytes."""

from __future__ import annotations

from ctfy.server.domain import Domain, Schedule
from ctfy.server.standings.projection import Standings
from ctfy.server.standings.routes import router
from ctfy.server.standings.snapshots import take

DOMAIN = Domain(
    routers=(router,),
    services=(Standings,),
    schedules=(Schedule("scoreboard_snapshot", 300, "Writes the standings down", take),),
)
