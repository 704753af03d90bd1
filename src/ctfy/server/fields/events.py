"""The events of fields."""

from __future__ import annotations

from ctfy.server.events.types import Audience, Event

_RUN_IT = (Audience.ADMINS, Audience.OPERATORS)


class CustomFieldChanged(Event, to=_RUN_IT):
    """A field was made, changed or deleted: `action`. Without a competition it is the platform's.

    `answers`: how many went with it.
    """

    competition_id: str = ""
    field_name: str
    action: str
    answers: int = 0


class AnswersCorrected(Event, to=_RUN_IT):
    """An operator changed somebody's answers to these fields."""

    competition_id: str = ""
    target_user_id: str
    target_user_name: str
    field_names: list[str]
