"""Link a GitHub account."""

from __future__ import annotations

from ctfy.server.accounts.events import IdentityLinked
from ctfy.server.achievements.rule import Achievement, Happening


def _when(event: Happening) -> bool:
    return bool(event["provider"] == "github")


ACHIEVEMENT = Achievement(
    id="linked_github",
    name="Octocat",
    description="Link a GitHub account.",
    icon="🐙",
    tier="bronze",
    on=(IdentityLinked,),
    when=_when,
)
