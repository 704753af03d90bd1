"""Standings: computed once, sent as bytes."""

from __future__ import annotations

from ctfy.server.domain import Domain, PersonalData, Schedule
from ctfy.server.standings.award_routes import router as award_routes
from ctfy.server.standings.projection import Standings
from ctfy.server.standings.routes import router
from ctfy.server.standings.snapshots import take
from ctfy.server.tables.standings import Award

DOMAIN = Domain(
    routers=(router, award_routes),
    services=(Standings,),
    personal_data=(
        PersonalData(Award, "user_id", on_deletion="keep"),
        PersonalData(Award, "awarded_by", on_deletion="keep", exported=False),
    ),
    schedules=(Schedule("scoreboard_snapshot", 300, "Writes the standings down", take),),
)
