"""Announcements: to everybody, or to those of a competition, of a bracket, of a team."""

from __future__ import annotations

from ctfy.server.announcements.routes import router
from ctfy.server.announcements.service import show_due
from ctfy.server.domain import Domain, PersonalData, Schedule
from ctfy.server.tables.announcements import AnnouncementRead

DOMAIN = Domain(
    routers=(router,),
    schedules=(
        Schedule("announcements", 10, "Tells of announcements whose time has come", show_due),
    ),
    personal_data=(PersonalData(AnnouncementRead, "user_id", on_deletion="delete"),),
)
