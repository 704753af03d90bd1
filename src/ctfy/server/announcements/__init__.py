"""Announcements to everybody."""

from __future__ import annotations

from ctfy.server.announcements.routes import router
from ctfy.server.domain import Domain, PersonalData
from ctfy.server.tables.announcements import AnnouncementRead

DOMAIN = Domain(
    routers=(router,),
    personal_data=(PersonalData(AnnouncementRead, "user_id", on_deletion="delete"),),
)
