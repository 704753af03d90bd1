"""Fields: what operators ask of people at registration, here and in a competition."""

from __future__ import annotations

from ctfy.server.domain import Domain, PersonalData
from ctfy.server.fields.routes import router
from ctfy.server.tables.fields import CustomField, FieldAnswer

DOMAIN = Domain(
    routers=(router,),
    personal_data=(
        PersonalData(
            FieldAnswer,
            "user_id",
            on_deletion="delete",
            beside=(CustomField.name, CustomField.label),
        ),
    ),
)
