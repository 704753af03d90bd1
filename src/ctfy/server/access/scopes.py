"""The scope categories of `pf_` tokens, each with the most that a token can hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ctfy.core.enums import ScopeLevel


class Scope(StrEnum):
    """A category of what a token may touch."""

    CHALLENGES = "challenges"
    SUBMISSIONS = "submissions"
    INSTANCES = "instances"
    TEAMS = "teams"
    SCOREBOARD = "scoreboard"
    PROFILE = "profile"
    IDENTITIES = "identities"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """One row of the catalogue."""

    label: str
    description: str
    competition_scoped: bool
    max_level: ScopeLevel


_READ, _WRITE = ScopeLevel.READ, ScopeLevel.WRITE
CATALOGUE: dict[Scope, ScopeRule] = {
    Scope.CHALLENGES: ScopeRule("Challenges", "See challenges and their files", True, _READ),
    Scope.SUBMISSIONS: ScopeRule("Submissions", "Submit and verify answers", True, _WRITE),
    Scope.INSTANCES: ScopeRule("Instances", "Launch, see, renew and stop instances", True, _WRITE),
    Scope.TEAMS: ScopeRule("Teams", "Register and manage the team", True, _WRITE),
    Scope.SCOREBOARD: ScopeRule("Scoreboard", "See the standings", True, _READ),
    Scope.PROFILE: ScopeRule("Profile", "See and edit the profile", False, _WRITE),
    Scope.IDENTITIES: ScopeRule("Identities", "See the linked accounts", False, _READ),
    Scope.TOKENS: ScopeRule("Tokens", "See the tokens", False, _READ),
}
LEVELS = list(ScopeLevel)


def holds(granted: str, needed: ScopeLevel) -> bool:
    """Whether a granted level is enough; an unknown one never is."""
    return granted in LEVELS and LEVELS.index(ScopeLevel(granted)) >= LEVELS.index(needed)
