"""Achievements: rules, and what teams have."""

from __future__ import annotations

from ctfy.server.achievements.awarding import run
from ctfy.server.achievements.routes import router
from ctfy.server.domain import Domain, PersonalData
from ctfy.server.tables.achievements import Unlock

DOMAIN = Domain(
    routers=(router,),
    background=(run,),
    personal_data=(PersonalData(Unlock, "user_id", on_deletion="keep"),),
)
