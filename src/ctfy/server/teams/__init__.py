"""Teams: entering a competition, and who is on which."""

from __future__ import annotations

from ctfy.server.domain import Domain, PersonalData
from ctfy.server.tables.teams import TeamInvite, TeamMember
from ctfy.server.teams.membership import leave_all
from ctfy.server.teams.routes import router

DOMAIN = Domain(
    routers=(router,),
    personal_data=(
        PersonalData(TeamMember, "user_id", on_deletion="keep"),
        PersonalData(TeamInvite, "target_user_id", on_deletion="delete"),
        PersonalData(TeamInvite, "created_by_user_id", on_deletion="delete", exported=False),
    ),
    on_account_deletion=leave_all,
)
