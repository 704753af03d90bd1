"""`/me`: the caller."""

from __future__ import annotations

import functools
from typing import Annotated, Any

from fastapi import Body, Query, Request, Response
from pydantic_core import to_json
from sqlalchemy import ColumnElement, bindparam, case, func, select, true
from sqlalchemy.orm import aliased

from ctfy.server.access.caller import Caller, SessionOnly, TheAuthenticator, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import ME, Sight, View, takes_part
from ctfy.server.accounts import avatars, profiles
from ctfy.server.challenges.visibility import TheChallenges
from ctfy.server.database.connections import Session
from ctfy.server.database.statement import Row, Statement
from ctfy.server.domain import Domains
from ctfy.server.fields.service import missing_names
from ctfy.server.kernel import (
    TheCache,
    TheCatalogue,
    TheDatabase,
    TheJobs,
    TheRateLimits,
    TheServices,
)
from ctfy.server.models.accounts import (
    DeleteMeRequest,
    MeResponse,
    MilestoneProgress,
    MySolveSummary,
    ProfilePatchRequest,
    ScopeLevel,
)
from ctfy.server.models.inbox import InboxResponse
from ctfy.server.models.site import ImageInfo
from ctfy.server.pages import account_data
from ctfy.server.pages.competitions import membership, memberships
from ctfy.server.pages.inbox import inbox
from ctfy.server.site import images
from ctfy.server.site.images import UPLOAD, TheWorkshop
from ctfy.server.standings.projection import TheStandings
from ctfy.server.tables.access import User
from ctfy.server.tables.accounts import Identity
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.submissions import ChallengeSolve
from ctfy.server.tables.teams import Team, TeamMember

router = Router(prefix="/me", tags=["me"])

_READ = may(Scope.PROFILE, ScopeLevel.READ)
_READ_SETTING_UP = may(Scope.PROFILE, ScopeLevel.READ, setting_up=True)
_WRITE = may(Scope.PROFILE, ScopeLevel.WRITE)
_CompetitionId = Annotated[str, Query(max_length=64)]


@router.get("")
async def me(
    database: TheDatabase,
    cache: TheCache,
    standings: TheStandings,
    authenticator: TheAuthenticator,
    caller: Caller = _READ_SETTING_UP,
    competition_id: _CompetitionId = "",
) -> MeResponse:
    """The caller, with the competitions they take part in."""
    view = View(caller)
    rows = await database.read(_myself(view.sight), user_id=caller.user_id, **view.values)
    if not rows:
        raise profiles.not_found()
    user = rows[0]
    played = [_membership_in(row) for row in rows if row.in_id is not None]
    teams = await memberships(database, cache, standings, view, played)
    return MeResponse(
        **profiles.profile_fields(user, own=True),
        solves=user.solves,
        attempts=user.attempts,
        email=user.email or "",
        is_admin=user.role != "user",
        role=user.role,
        providers=(["password"] if user.password_hash else []) + user.linked,
        token_kind=caller.token_kind,
        profile_visibility=profiles.visibility(user),
        email_verified=user.email_verified_at is not None,
        competition_teams=[t for t in teams if competition_id in ("", t.competition_id)],
        fields=user.fields,
        missing_fields=user.missing_fields,
        must_set_up_totp=authenticator.must_set_up_totp(caller),
        competition_admin_ids=sorted(filter(caller.sees_competition, caller.administered)),
    )


@functools.cache
def _myself(sight: Sight) -> Statement:
    """The caller, once for each competition that they play in, or once alone."""
    linked = (
        select(Identity.provider).where(Identity.user_id == User.id).order_by(Identity.provider)
    )
    providers = func.array(linked.correlate(User).scalar_subquery())
    played = membership(sight).subquery()
    return Statement(
        profiles.person(sight)
        .add_columns(
            providers.label("linked"),
            missing_names().label("missing_fields"),
            *(each.label(_IN + each.name) for each in played.columns),
        )
        .outerjoin(played, true())
        .order_by(played.c.created_at.desc(), played.c.id)
    )


_IN = "in_"  # what the columns of a membership begin with, beside those of the person


def _membership_in(row: Row) -> dict[str, Any]:
    return {name.removeprefix(_IN): value for name, value in row.items() if name.startswith(_IN)}


@router.patch("/profile")
async def update_profile(
    body: ProfilePatchRequest,
    session: Session,
    database: TheDatabase,
    cache: TheCache,
    standings: TheStandings,
    authenticator: TheAuthenticator,
    caller: Caller = _WRITE,
    competition_id: _CompetitionId = "",
) -> MeResponse:
    """Change what the caller tells of themselves."""
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    profiles.update_profile(user, body)
    await session.commit()
    return await me(database, cache, standings, authenticator, caller, competition_id)


@router.patch("/profile/visibility")
async def update_visibility(
    session: Session,
    database: TheDatabase,
    cache: TheCache,
    standings: TheStandings,
    authenticator: TheAuthenticator,
    caller: Caller = _WRITE,
    overrides: Annotated[dict[str, bool] | None, Body()] = None,
    competition_id: _CompetitionId = "",
) -> MeResponse:
    """Show fields of the profile to others, or hide them."""
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    profiles.update_visibility(user, overrides or {})
    await session.commit()
    return await me(database, cache, standings, authenticator, caller, competition_id)


@router.put("/avatar", openapi_extra=UPLOAD)
async def put_avatar(
    request: Request,
    workshop: TheWorkshop,
    jobs: TheJobs,
    rate_limits: TheRateLimits,
    session: Session,
    caller: Caller = _WRITE,
) -> ImageInfo:
    """Upload the caller's picture (PNG, JPEG, WebP); it is drawn anew, as a square."""
    await rate_limits.hit("upload", caller.user_id)
    image = await workshop.keep(await request.body(), "avatar", "avatar", caller)
    await avatars.change(session, jobs, caller, image)
    await session.flush()
    return images.info(image)


@router.delete("/avatar")
async def remove_avatar(jobs: TheJobs, session: Session, caller: Caller = _WRITE) -> dict[str, str]:
    """Take the caller's picture away."""
    await avatars.change(session, jobs, caller, None)
    return {"status": "deleted"}


@router.get("/inbox")
async def get_inbox(
    database: TheDatabase, caller: Caller = _READ, competition_id: _CompetitionId = ""
) -> InboxResponse:
    """Invites, requests and announcements that wait for the caller."""
    return await inbox(database, caller, competition_id)


@router.get("/export")
async def export(
    session: Session,
    services: TheServices,
    caller: Caller = _READ,
    competition_id: _CompetitionId = "",
) -> Response:
    """Everything that is held on the caller, as JSON; `competition_id` narrows nothing."""
    caller.check_reaches_everywhere()
    return Response(
        to_json(await account_data.export(session, services.get(Domains), caller), indent=2),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="ctfy-export.json"'},
    )


@router.delete("", status_code=204, response_class=Response)
async def delete_me(
    body: DeleteMeRequest, session: Session, services: TheServices, caller: SessionOnly
) -> None:
    """Delete the account; submissions stay, without a name."""
    await account_data.delete_account(session, services, caller, body.confirm_display_name)


@router.get("/solves")
async def my_solves(
    database: TheDatabase,
    caller: Caller = may(Scope.SUBMISSIONS, ScopeLevel.READ),
    competition_id: _CompetitionId = "",
) -> list[MySolveSummary]:
    """The challenges that the caller's teams solved, newest first."""
    view = View(caller)
    values = view.values | ({"competition_id": competition_id} if competition_id else {})
    rows = await database.read(_solves(view.sight, of_one=bool(competition_id)), **values)
    return [
        MySolveSummary(
            challenge_id=row.challenge_id, best_rank=row.best_rank, solved_at=row.solved_at
        )
        for row in rows
    ]


@functools.cache
def _solves(sight: Sight, *, of_one: bool) -> Statement:
    query = (
        select(
            ChallengeSolve.challenge_id,
            func.coalesce(func.min(_told_rank(sight)), 0).label("best_rank"),
            func.max(ChallengeSolve.solved_at).label("solved_at"),
        )
        .join(Competition, Competition.id == ChallengeSolve.competition_id)
        .join(Team, Team.id == ChallengeSolve.team_id)
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(TeamMember.user_id == ME, sight.reaches(ChallengeSolve.competition_id))
        .group_by(ChallengeSolve.challenge_id)
        .order_by(func.max(ChallengeSolve.solved_at).desc())
    )
    if of_one:
        query = query.where(ChallengeSolve.competition_id == bindparam("competition_id"))
    return Statement(query)


def _told_rank(sight: Sight) -> ColumnElement[int | None]:
    """A team's place among those that solved a challenge; none behind a freeze or unranked."""
    earlier = aliased(ChallengeSolve)
    place = (
        select(func.count() + 1)
        .where(
            earlier.competition_id == ChallengeSolve.competition_id,
            earlier.challenge_id == ChallengeSolve.challenge_id,
            earlier.rank < ChallengeSolve.rank,
            takes_part(earlier.team_id),
        )
        .correlate(ChallengeSolve)
        .scalar_subquery()
    )
    told = sight.counts_solves_at(ChallengeSolve.solved_at) & (Team.standing == "ranked")
    return case((told, place))


@router.get("/milestone-progress")
async def milestone_progress(
    catalogue: TheCatalogue,
    challenges: TheChallenges,
    caller: Caller = may(Scope.SUBMISSIONS, ScopeLevel.READ),
    competition_id: _CompetitionId = "",
) -> list[MilestoneProgress]:
    """How far the caller's teams are with each challenge of several questions."""
    if competition_id:
        caller.check_competition(competition_id)
    seen = await challenges.of_own_teams(View(caller), competition_id)
    ids = dict.fromkeys(id_ for board, _ in seen.own for id_ in board.rules.challenge_ids)
    result = []
    for challenge in filter(None, map(catalogue.get, ids)):
        questions = challenge.metadata.questions
        done = seen.solved_questions(challenge.id)
        if len(questions) > 1:
            result.append(
                MilestoneProgress(
                    challenge_id=challenge.id,
                    solved_question_ids=[q.id for q in questions if q.id in done],
                    total_questions=len(questions),
                )
            )
    return result
