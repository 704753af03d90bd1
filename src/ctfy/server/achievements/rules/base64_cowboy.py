"""Submit a flag that is still wrapped in Base64."""

from __future__ import annotations

import base64

from sqlalchemy import select

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.tables import Submission


async def _earned(event: Happening) -> bool:
    query = select(Submission.answer).where(Submission.id == event["submission_id"])
    answer = await event.scalar(query) or ""
    try:
        return base64.b64decode(answer.strip(), validate=True).startswith(b"FLAG{")
    except ValueError:
        return False


ACHIEVEMENT = Achievement(
    id="base64_cowboy",
    name="Base64 cowboy",
    description="Submit a flag that is still wrapped in Base64.",
    icon="🤠",
    tier="secret",
    on=("flag_wrong",),
    earned=_earned,
)
