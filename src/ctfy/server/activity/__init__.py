"""The activity log: the events, as people read them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from ctfy.server.activity.routes import router
from ctfy.server.domain import Domain, PersonalData, Retention
from ctfy.server.tables.events import OutboxEvent

DOMAIN = Domain(
    routers=(router,),
    personal_data=(PersonalData(OutboxEvent, "actor_id", on_deletion="keep"),),
    retention=(
        Retention(
            lambda settings, now: delete(OutboxEvent).where(
                OutboxEvent.created_at < now - timedelta(days=settings.event_max_age_days)
            )
        ),
    ),
)
