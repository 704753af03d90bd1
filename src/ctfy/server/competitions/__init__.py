"""Competitions, who runs them, and who is invited."""

from __future__ import annotations

from ctfy.server.competitions.challenges import release
from ctfy.server.competitions.routes import router
from ctfy.server.domain import Domain, PersonalData, Schedule
from ctfy.server.tables.access import CompetitionAdmin
from ctfy.server.tables.competitions import CompetitionInvite

DOMAIN = Domain(
    routers=(router,),
    schedules=(
        Schedule("challenge_releases", 5, "Makes drafts visible whose time has come", release),
    ),
    personal_data=(
        PersonalData(CompetitionAdmin, "user_id", on_deletion="delete"),
        PersonalData(CompetitionInvite, "user_id", on_deletion="delete"),
    ),
)
