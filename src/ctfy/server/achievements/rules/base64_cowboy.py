"""Submit a flag that is still wrapped in Base64."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement, Happening
from ctfy.server.submissions.events import FlagWrong


def _when(event: Happening) -> bool:
    return bool(event["wrapped"])


ACHIEVEMENT = Achievement(
    id="base64_cowboy",
    name="Base64 cowboy",
    description="Submit a flag that is still wrapped in Base64.",
    icon="🤠",
    tier="secret",
    on=(FlagWrong,),
    when=_when,
)
