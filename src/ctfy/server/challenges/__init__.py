"""Challenges: what somebody sees of them, hints, feedback, and builds on the nodes."""

from __future__ import annotations

from ctfy.server.challenges import (
    editing_routes,
    fleet,
    fleet_routes,
    foreign_routes,
    source_routes,
    sources,
    version_routes,
)
from ctfy.server.challenges.library import Library
from ctfy.server.challenges.routes import router
from ctfy.server.challenges.visibility import VisibleChallenges
from ctfy.server.domain import Domain, Job, Params, PersonalData, Schedule, Task
from ctfy.server.tables.challenges import ChallengeSource, ChallengeVersion, HintUnlock, Reaction

DOMAIN = Domain(
    routers=(
        router,
        fleet_routes.router,
        version_routes.router,
        editing_routes.router,
        foreign_routes.router,
        version_routes.for_nodes,
        source_routes.router,
    ),
    services=(Library, VisibleChallenges, fleet.CatalogueFollower),
    jobs=(
        Job("archive_challenges", fleet.archive),
        Job("spread_challenges", fleet.spread),
    ),
    tasks=(
        Task("challenge_rescan", Params, fleet.rescan),
        Task("challenge_build", fleet.OneChallenge, fleet.build),
        Task("challenge_build_all", fleet.Scope, fleet.build),
        Task("challenge_pull", fleet.OneChallenge, fleet.pull),
        Task("challenge_source_pull", sources.OneSource, sources.pull),
        Task("challenge_pull_all", fleet.Scope, fleet.pull),
    ),
    schedules=(
        Schedule("challenge_sources", 60, "Takes in what git repositories have", sources.pull_all),
    ),
    personal_data=(
        PersonalData(ChallengeSource, "created_by", on_deletion="keep"),
        PersonalData(ChallengeVersion, "created_by", on_deletion="keep"),
        PersonalData(HintUnlock, "user_id", on_deletion="keep"),
        PersonalData(Reaction, "user_id", on_deletion="delete"),
    ),
)
