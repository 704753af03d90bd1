"""`/admin/challenges`: looking again, building and pulling across the fleet."""

from __future__ import annotations

import asyncio

from ctfy.core.errors import Conflict, NotFound
from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.challenges import fleet
from ctfy.server.challenges.audit import audit_folder, ceilings
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.kernel import TheCatalogue, TheDatabase, TheJobs, TheSettings
from ctfy.server.models.audits import ChallengeFinding
from ctfy.server.models.base import Page
from ctfy.server.models.builds import ChallengeBuildStateResponse, ChallengePullStateResponse
from ctfy.server.models.tasks import AdminTaskInfo
from ctfy.server.nodes.clients import TheNodeClients
from ctfy.server.tables.competitions import Competition
from ctfy.server.tasks import service as tasks
from ctfy.server.tasks.registry import TheRegistry

router = Router(prefix="/admin/challenges", tags=["challenges"])


@router.post("/rescan", status_code=202)
async def rescan(
    registry: TheRegistry, jobs: TheJobs, session: Session, caller: Admin
) -> AdminTaskInfo:
    """Look at the challenges folder again, everywhere."""
    return await tasks.submit(session, registry, jobs, caller.user_id, "challenge_rescan")


@router.get("/audit")
async def audit(
    paging: Paged,
    settings: TheSettings,
    database: TheDatabase,
    _: Admin,
    challenge_id: str = "",
) -> Page[ChallengeFinding]:
    """What is wrong with the challenges folder as it is now, errors first."""
    folder, there_is = settings.challenges_dir, await ceilings(database, settings)
    try:
        found = await asyncio.to_thread(audit_folder, folder, challenge_id, there_is)
    except OSError as error:
        raise Conflict("challenges_broken", f"The folder cannot be read: {error}") from error
    return paging.cut(found)


@router.get("/build-state")
async def build_state(
    database: TheDatabase, catalogue: TheCatalogue, node_clients: TheNodeClients, _: Admin
) -> ChallengeBuildStateResponse:
    """What is built, challenge by challenge and node by node."""
    found = await fleet.states(database, catalogue, node_clients, fleet.BUILD)
    return ChallengeBuildStateResponse.model_validate(found)


@router.get("/pull-state")
async def pull_state(
    database: TheDatabase, catalogue: TheCatalogue, node_clients: TheNodeClients, _: Admin
) -> ChallengePullStateResponse:
    """What is pulled, challenge by challenge and node by node."""
    found = await fleet.states(database, catalogue, node_clients, fleet.PULL)
    return ChallengePullStateResponse.model_validate(found)


async def _for_all(
    kind: str,
    competition_id: str,
    registry: TheRegistry,
    jobs: TheJobs,
    session: Session,
    caller: Admin,
) -> AdminTaskInfo:
    if competition_id and await session.get(Competition, competition_id) is None:
        raise NotFound("competition_not_found", "There is no such competition.")
    params = {"competition_id": competition_id}
    return await tasks.submit(session, registry, jobs, caller.user_id, kind, params)


@router.post("/build-all", status_code=202)
async def build_all(
    registry: TheRegistry, jobs: TheJobs, session: Session, caller: Admin, competition_id: str = ""
) -> AdminTaskInfo:
    """Build every challenge, or those of one competition, on every node."""
    return await _for_all("challenge_build_all", competition_id, registry, jobs, session, caller)


@router.post("/pull-all", status_code=202)
async def pull_all(
    registry: TheRegistry, jobs: TheJobs, session: Session, caller: Admin, competition_id: str = ""
) -> AdminTaskInfo:
    """Pull the images of every challenge, or those of one competition, on every node."""
    return await _for_all("challenge_pull_all", competition_id, registry, jobs, session, caller)


@router.post("/{challenge_id}/build", status_code=202)
async def build(
    challenge_id: str,
    registry: TheRegistry,
    catalogue: TheCatalogue,
    jobs: TheJobs,
    session: Session,
    caller: Admin,
) -> AdminTaskInfo:
    """Build a challenge on every node."""
    fleet.require_runnable(catalogue, challenge_id)
    params = {"challenge_id": challenge_id}
    return await tasks.submit(session, registry, jobs, caller.user_id, "challenge_build", params)


@router.post("/{challenge_id}/pull", status_code=202)
async def pull(
    challenge_id: str,
    registry: TheRegistry,
    catalogue: TheCatalogue,
    jobs: TheJobs,
    session: Session,
    caller: Admin,
) -> AdminTaskInfo:
    """Pull a challenge's images on every node."""
    fleet.require_runnable(catalogue, challenge_id)
    params = {"challenge_id": challenge_id}
    return await tasks.submit(session, registry, jobs, caller.user_id, "challenge_pull", params)
