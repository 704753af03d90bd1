"""Standings: computed once, sent as bytes."""

from __future__ import annotations

from ctfy.server.domain import Domain, PersonalData, Schedule
from ctfy.server.standings.projection import Standings
from ctfy.server.standings.routes import router
from ctfy.server.standings.snapshots import take
from ctfy.server.tables.standings import Award

DOMAIN = Domain(
    routers=(router,),
    services=(Standings,),
    personal_data=(PersonalData(Award, "user_id", on_deletion="keep"),),
    schedules=(Schedule("scoreboard_snapshot", 300, "Writes the standings down", take),),
)
