"""Link a Google account."""

from __future__ import annotations

from ctfy.server.accounts.events import IdentityLinked
from ctfy.server.achievements.rule import Achievement, Happening


def _when(event: Happening) -> bool:
    return bool(event["provider"] == "google")


ACHIEVEMENT = Achievement(
    id="linked_google",
    name="Googler",
    description="Link a Google account.",
    icon="🔎",
    tier="bronze",
    on=(IdentityLinked,),
    when=_when,
)
