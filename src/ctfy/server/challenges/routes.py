"""`/challenges`, their files, hints and feedback, and the QA ones."""

from __future__ import annotations

import mimetypes
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy import bindparam, select

from ctfy.challenge.catalogue import TEMPLATE_SUFFIX
from ctfy.challenge.folders import PathRefused
from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import NotFound, field_error
from ctfy.server.access.caller import Admin, Caller, MaybeCaller, may
from ctfy.server.access.idempotency import Router
from ctfy.server.access.scopes import Scope
from ctfy.server.access.view import View
from ctfy.server.challenges import attempts, feedback, hints, resets, service, text_images
from ctfy.server.challenges.files import FolderFile
from ctfy.server.challenges.service import SORTS, STATUSES, ChallengeFilter
from ctfy.server.challenges.visibility import ChallengeView, TheChallenges
from ctfy.server.competitions.service import require_running
from ctfy.server.database.connections import Session
from ctfy.server.database.paging import Paged
from ctfy.server.database.statement import Statement
from ctfy.server.kernel import TheCache, TheCatalogue, TheDatabase
from ctfy.server.models.base import Page
from ctfy.server.models.challenges import (
    AdminFeedbackRow,
    AttachmentList,
    ChallengeFacets,
    ChallengeInfo,
    ChallengeSolveAttemptsResponse,
    FeedbackStats,
    HintInfo,
    MyReactionsResponse,
    QaChallengeView,
    QuestionAttemptResetInfo,
    QuestionAttemptResetRequest,
    ReactionName,
)
from ctfy.server.response_cache import cache_response
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.submissions import QuestionAttempts
from ctfy.server.teams.carried import counts_against
from ctfy.server.teams.service import not_registered, require_team

router = Router(tags=["challenges"])

_READ = may(Scope.CHALLENGES, ScopeLevel.READ)
_ANSWER = may(Scope.SUBMISSIONS, ScopeLevel.WRITE)
_Text = Annotated[str, Query(max_length=200)]
_CompetitionId = Annotated[str, Query(max_length=64)]


async def _wanted(
    difficulty: _Text = "", tag: _Text = "", category: _Text = "", q: _Text = ""
) -> ChallengeFilter:
    return ChallengeFilter(difficulty, tag, q, category)


_Wanted = Annotated[ChallengeFilter, Depends(_wanted)]


@router.get("/competitions/{competition_id}/challenges")
async def competition_challenges(
    competition_id: str,
    request: Request,
    catalogue: TheCatalogue,
    cache: TheCache,
    challenges: TheChallenges,
    database: TheDatabase,
    paging: Paged,
    wanted: _Wanted,
    caller: Caller = _READ,
) -> Page[ChallengeInfo]:
    """The competition's challenges, in the curator's order, with what the caller's team solved."""
    topics = (f"{topic}:{competition_id}" for topic in ("competition", "attempts", "launches"))
    stamp = (*caller.stamp, *cache.stamp(*topics))
    view = View(caller)
    place = await view.place(database, cache, competition_id)
    if not view.challenges_are_open(place.competition):
        return paging.cut(list[ChallengeInfo]())
    seen = await challenges.of_place(view, place)
    cache_response(request, stamp, caller.expires_at, view.until_changes(place.competition))
    return paging.cut(service.infos(catalogue, seen, wanted))


@router.get("/challenges")
async def list_challenges(
    catalogue: TheCatalogue,
    challenges: TheChallenges,
    paging: Paged,
    wanted: _Wanted,
    caller: Caller = _READ,
    status: _Text = "",
    sort: _Text = "",
    competition_id: _CompetitionId = "",
) -> Page[ChallengeInfo]:
    """The challenges of every competition that the caller may see, or of one."""
    if sort not in SORTS:
        raise field_error(["query", "sort"], f"use one of: {', '.join(filter(None, SORTS))}")
    if status and status not in STATUSES:
        raise field_error(["query", "status"], f"use one of: {', '.join(STATUSES)}")
    seen = await _seen(challenges, caller, competition_id)
    found = service.infos(catalogue, seen, wanted)
    if status:
        found = [c for c in found if c.solved == (status == "solved")]
    return paging.cut(sorted(found, key=SORTS[sort]))


async def _seen(challenges: TheChallenges, caller: Caller, competition_id: str) -> ChallengeView:
    if competition_id:
        return await challenges.of_competition(View(caller), competition_id)
    return await challenges.of_all(View(caller))


@router.get("/challenges/facets")
async def challenge_facets(
    catalogue: TheCatalogue,
    challenges: TheChallenges,
    caller: Caller = _READ,
    competition_id: _CompetitionId = "",
) -> ChallengeFacets:
    """What the caller's challenges can be filtered by, with counts."""
    seen = await _seen(challenges, caller, competition_id)
    return service.facets(service.infos(catalogue, seen))


@router.get("/challenges/{challenge_id}")
async def get_challenge(
    challenge_id: str, challenges: TheChallenges, caller: MaybeCaller
) -> ChallengeInfo:
    """One challenge."""
    if caller is not None:
        caller.check_scope(Scope.CHALLENGES, ScopeLevel.READ)
    challenge, seen = await challenges.get(View(caller), challenge_id)
    return service.challenge_info(challenge, seen)


@router.get("/challenges/{challenge_id}/attachments")
async def list_attachments(
    challenge_id: str,
    challenges: TheChallenges,
    caller: Caller = _READ,
    competition_id: _CompetitionId = "",
) -> AttachmentList:
    """The files of a challenge."""
    challenge, _ = await challenges.get_open(View(caller), challenge_id, competition_id)
    return AttachmentList(files=service.attachment_infos(challenge))


@router.get("/challenges/{challenge_id}/attachments/{filename}", response_class=FileResponse)
async def download_attachment(
    challenge_id: str,
    filename: str,
    challenges: TheChallenges,
    caller: Caller = _READ,
    competition_id: _CompetitionId = "",
) -> FileResponse:
    """One file of a challenge; ranges are served."""
    challenge, _ = await challenges.get_open(View(caller), challenge_id, competition_id)
    path = challenge.attachments.get(filename)
    if path is None:
        raise NotFound("attachment_not_found", "This challenge has no such file.")
    if path.name.endswith(TEMPLATE_SUFFIX):
        raise NotFound(
            "attachment_not_found",
            "This file is made for each instance. Start one and download it there.",
        )
    try:
        return FolderFile(
            challenge.path,
            f"attachments/{path.name}",
            filename=filename,
            media_type=mimetypes.guess_type(filename)[0] or "application/octet-stream",
        )
    except (PathRefused, OSError) as error:  # it was here when the folder was looked at
        raise NotFound("attachment_not_found", "This challenge has no such file.") from error


@router.get("/challenges/{challenge_id}/images/{filename}", response_class=FileResponse)
async def text_image(
    challenge_id: str,
    filename: str,
    challenges: TheChallenges,
    database: TheDatabase,
    caller: MaybeCaller,
) -> FileResponse:
    """An image of a challenge's texts, which they name as `images/<filename>`."""
    if caller is not None:
        caller.check_scope(Scope.CHALLENGES, ScopeLevel.READ)
    challenge, seen = await challenges.get(View(caller), challenge_id)
    return await text_images.image(database, caller, challenge, seen, filename)


@router.get("/challenges/{challenge_id}/solve-attempts")
async def solve_attempts(
    challenge_id: str,
    challenges: TheChallenges,
    database: TheDatabase,
    caller: Caller = _READ,
    include_unsolved: bool = False,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
    competition_id: _CompetitionId = "",
) -> ChallengeSolveAttemptsResponse:
    """Who tried a challenge and how they fared, newest first, and by team."""
    view = View(caller)
    challenge, seen = await challenges.get(view, challenge_id, competition_id)
    return await attempts.attempts(
        database,
        view,
        challenge.id,
        [board.competition_id for board in seen.boards],
        include_unsolved=include_unsolved,
        limit=limit,
    )


@router.get("/challenges/{challenge_id}/feedback/stats")
async def feedback_stats(
    challenge_id: str,
    challenges: TheChallenges,
    database: TheDatabase,
    caller: Caller = _READ,
    competition_id: _CompetitionId = "",
) -> FeedbackStats:
    """What everybody said of a challenge."""
    await challenges.get(View(caller), challenge_id, competition_id)
    return await feedback.stats(database, challenge_id)


@router.get("/challenges/{challenge_id}/feedback/me")
async def my_reactions(
    challenge_id: str,
    challenges: TheChallenges,
    database: TheDatabase,
    caller: Caller = _READ,
    competition_id: _CompetitionId = "",
) -> MyReactionsResponse:
    """What the caller said of a challenge."""
    await challenges.get(View(caller), challenge_id, competition_id)
    return await feedback.mine(database, caller, challenge_id)


@router.put("/challenges/{challenge_id}/feedback/{reaction}")
async def add_reaction(
    challenge_id: str,
    reaction: ReactionName,
    challenges: TheChallenges,
    session: Session,
    caller: Caller = _ANSWER,
    competition_id: _CompetitionId = "",
) -> MyReactionsResponse:
    """Say something of a challenge."""
    _, seen = await challenges.get(View(caller), challenge_id, competition_id)
    teams = {board.competition_id: team_id for board, team_id in seen.own}
    return await feedback.react(
        session, caller, challenge_id, reaction, competition_id, teams.get(competition_id)
    )


@router.delete(
    "/challenges/{challenge_id}/feedback/{reaction}", status_code=204, response_class=Response
)
async def remove_reaction(
    challenge_id: str,
    reaction: ReactionName,
    challenges: TheChallenges,
    session: Session,
    caller: Caller = _ANSWER,
    competition_id: _CompetitionId = "",
) -> None:
    """Take one reaction back."""
    await challenges.get(View(caller), challenge_id, competition_id)
    await feedback.take_back(session, caller, challenge_id, reaction)


@router.delete("/challenges/{challenge_id}/feedback", status_code=204, response_class=Response)
async def clear_reactions(
    challenge_id: str,
    challenges: TheChallenges,
    session: Session,
    caller: Caller = _ANSWER,
    competition_id: _CompetitionId = "",
) -> None:
    """Take every reaction back."""
    await challenges.get(View(caller), challenge_id, competition_id)
    await feedback.take_back(session, caller, challenge_id)


@router.get("/competitions/{competition_id}/challenges/{challenge_id}/hints")
async def list_hints(
    competition_id: str,
    challenge_id: str,
    database: TheDatabase,
    challenges: TheChallenges,
    caller: Caller = _READ,
) -> list[HintInfo]:
    """A challenge's hints with their cost; the text of those that the team took."""
    challenge, seen = await challenges.get_open(View(caller), challenge_id, competition_id)
    if not seen.own:
        raise not_registered(competition_id)
    ((_, team_id),) = seen.own
    return await hints.listed(database, challenge, team_id)


@router.post("/competitions/{competition_id}/challenges/{challenge_id}/hints/{hint_id}/unlock")
async def unlock_hint(
    competition_id: str,
    challenge_id: str,
    hint_id: str,
    database: TheDatabase,
    challenges: TheChallenges,
    session: Session,
    caller: Caller = _ANSWER,
) -> HintInfo:
    """Take a hint: its cost is taken off the team's points, once."""
    challenge, _ = await challenges.get_open(View(caller), challenge_id, competition_id)
    row = await require_team(database, caller, competition_id)
    require_running(Competition.of(row))
    return await hints.unlock(
        session,
        caller,
        challenge,
        hint_id,
        competition_id=competition_id,
        team_id=row.team_id,
        team_name=row.team_name,
    )


_WRONG = Statement(
    select(QuestionAttempts.challenge_id, QuestionAttempts.question_id).where(
        counts_against(bindparam("team_id")), QuestionAttempts.wrong > 0
    )
)


@router.get("/qa/challenges")
async def list_qa(
    competition_id: Annotated[str, Query(min_length=1, max_length=64)],
    catalogue: TheCatalogue,
    challenges: TheChallenges,
    database: TheDatabase,
    caller: Caller = _READ,
) -> list[QaChallengeView]:
    """The challenges without instances of a competition, and how far the caller's team is."""
    seen = await challenges.of_competition(View(caller), competition_id)
    team_id = next((team_id for _, team_id in seen.own), "")
    rows = await database.read(_WRONG, team_id=team_id)
    wrong = {(row.challenge_id, row.question_id) for row in rows}
    views = []
    for challenge_id in seen.ids:
        challenge = catalogue.get(challenge_id)
        if challenge is None or not challenge.is_qa_only or seen.missing(challenge):
            continue
        done = seen.solved_questions(challenge_id)
        meta = challenge.metadata
        views.append(
            QaChallengeView(
                id=challenge_id,
                name=meta.name,
                bucket=challenge.bucket,
                description=meta.description,
                difficulty=meta.difficulty,
                tags=meta.tags,
                questions=service.public_questions(challenge),
                solved_question_ids=[q.id for q in meta.questions if q.id in done],
                attempted_wrong_question_ids=[
                    q.id
                    for q in meta.questions
                    if q.id not in done and (challenge_id, q.id) in wrong
                ],
            )
        )
    return views


@router.get("/admin/challenges/{challenge_id}/feedback")
async def list_feedback(
    challenge_id: str,
    catalogue: TheCatalogue,
    session: Session,
    paging: Paged,
    _: Admin,
    competition_id: _CompetitionId = "",
) -> Page[AdminFeedbackRow]:
    """Who said what of a challenge, newest first."""
    if catalogue.get(challenge_id) is None:
        raise NotFound("challenge_not_found", "There is no such challenge.")
    query = feedback.reactions_to(challenge_id, competition_id)
    return await paging.fetch(session, query, feedback.row_info)


@router.post("/admin/teams/{team_id}/questions/{challenge_id}/{question_id}/reset-attempts")
async def reset_attempts(
    team_id: str,
    challenge_id: str,
    question_id: str,
    body: QuestionAttemptResetRequest,
    catalogue: TheCatalogue,
    session: Session,
    caller: Admin,
) -> QuestionAttemptResetInfo:
    """Forget a team's wrong answers to a question."""
    return await resets.reset_attempts(
        session, catalogue, caller, team_id, challenge_id, question_id, body.reason
    )
