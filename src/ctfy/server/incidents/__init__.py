"""Signs of cheating, for operators."""

from __future__ import annotations

from ctfy.server.domain import Domain, PersonalData, Schedule
from ctfy.server.incidents.routes import router
from ctfy.server.incidents.service import scan
from ctfy.server.tables.incidents import Incident

DOMAIN = Domain(
    routers=(router,),
    schedules=(Schedule("incident_scan", 60, "Looks for signs of cheating", scan),),
    # Kept for the operators, and about others, too.
    personal_data=(PersonalData(Incident, "user_id", on_deletion="keep", exported=False),),
)
