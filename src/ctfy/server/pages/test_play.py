"""Operators play a challenge as players do, where nobody sees it and nothing counts."""

from __future__ import annotations

from sqlalchemy import select

from ctfy.core.errors import NotFound
from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.competitions import editing
from ctfy.server.database.base import new_id
from ctfy.server.database.connections import Session
from ctfy.server.kernel import TheCatalogue, TheJobs
from ctfy.server.models.competitions import CompetitionCreate, TestPlay
from ctfy.server.models.teams import RegisterTeamRequest, TeamCorrection
from ctfy.server.tables.competitions import Competition
from ctfy.server.teams import corrections
from ctfy.server.teams import service as teams

router = Router(prefix="/admin/challenges", tags=["challenges"])

# How the id of such a competition begins.
_PREFIX = "test-play-"


@router.post("/{challenge_id}/test-play", status_code=201)
async def test_play(
    challenge_id: str, catalogue: TheCatalogue, jobs: TheJobs, session: Session, caller: Admin
) -> TestPlay:
    """Begin to play a challenge in a hidden competition of one's own, on a team that is not ranked.

    What was played so before is cleared away, its instances too: every test begins anew.
    """
    if catalogue.get(challenge_id) is None:
        raise NotFound("challenge_not_found", "There is no such challenge.")
    earlier = select(Competition.id).where(
        Competition.id.startswith(_PREFIX, autoescape=True),
        Competition.created_by == caller.user_id,
    )
    for id_ in list(await session.scalars(earlier)):
        await editing.remove(session, jobs, caller.user_id, id_, force=True)
    body = CompetitionCreate(
        title="Test play",
        challenge_ids=[challenge_id],
        status="published",
        access="private_hidden",
    )
    competition_id = await editing.create(
        session, catalogue, caller.user_id, body, competition_id=_PREFIX + new_id()
    )
    team = await teams.register(session, caller, competition_id, RegisterTeamRequest(mode="solo"))
    hidden = TeamCorrection(standing="hidden")
    await corrections.correct(session, caller, competition_id, team.id, hidden)
    return TestPlay(competition_id=competition_id, challenge_id=challenge_id)
