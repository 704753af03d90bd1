"""Ways onto a team: codes, direct invites, join requests."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError, NotFound
from ctfy.server.access.addresses import speaks_for_its_address
from ctfy.server.access.caller import Caller
from ctfy.server.competitions.events import CompetitionInviteChanged
from ctfy.server.competitions.service import get_visible
from ctfy.server.database.base import new_id, now
from ctfy.server.database.paging import Listing
from ctfy.server.events.outbox import emit
from ctfy.server.events.types import Audience
from ctfy.server.models.fields import FieldAnswers, FieldValue
from ctfy.server.models.teams import InviteCreate, RedeemRequest, TeamInviteInfo
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition, CompetitionInvite
from ctfy.server.tables.teams import Team, TeamInvite
from ctfy.server.teams import membership
from ctfy.server.teams.service import check_may_join, check_open, invitation_required

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that looks like something else
_CODE_LENGTH = 12  # 59 random bits


def invite_info(invite: Any) -> TeamInviteInfo:
    """An invite, or a row of `OF_TEAM`, on the wire."""
    return TeamInviteInfo(
        id=invite.id,
        code=invite.code or "",
        team_id=invite.team_id,
        created_by_user_id=invite.created_by_user_id,
        created_at=invite.created_at,
        expires_at=invite.expires_at,
        max_uses=invite.max_uses,
        use_count=invite.use_count,
        revoked_at=invite.ended_at if invite.status == "revoked" else None,
        active=is_active(invite),
        competition_id=invite.competition_id,
        kind=invite.kind,
        target_user_id=invite.target_user_id or "",
        status=invite.status,
    )


def is_active(invite: Any) -> bool:
    """Whether an invite can still be used."""
    used_up = invite.max_uses > 0 and invite.use_count >= invite.max_uses
    expired = invite.expires_at is not None and invite.expires_at <= now()
    return invite.status == "pending" and not used_up and not expired


# A team's invites and requests, newest first; it needs `team_id`.
OF_TEAM = Listing(
    select(*TeamInvite.__table__.columns)
    .where(TeamInvite.team_id == bindparam("team_id"))
    .order_by(TeamInvite.created_at.desc(), TeamInvite.id)
)


async def create_code(
    session: AsyncSession, caller: Caller, competition_id: str, body: InviteCreate
) -> TeamInvite:
    """A new invite code of the caller's team."""
    team = await membership.captained(session, caller, competition_id)
    lifetime = timedelta(seconds=body.ttl_seconds) if body.ttl_seconds else None
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    invite = _new(team, caller, kind="code", code=code, max_uses=body.max_uses)
    invite.expires_at = now() + lifetime if lifetime else None
    session.add(invite)
    return invite


async def send(
    session: AsyncSession, settings: Settings, caller: Caller, competition_id: str, email: str
) -> TeamInvite:
    """Invite the person whose account has that address, and speaks for it.

    Raises `user_not_found`, `cannot_invite_self`, `already_member`, `invite_already_pending`.
    """
    team = await membership.captained(session, caller, competition_id)
    user = await session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None or not speaks_for_its_address(user, settings):
        raise NotFound("user_not_found", "No account has this address, or it is not verified yet.")
    target = user.id
    if target == caller.user_id:
        raise CtfyError("cannot_invite_self", "This is your own address.")
    if await membership.is_member(session, team.id, target):
        raise Conflict("already_member", "They are on your team already.")
    invite = _new(team, caller, kind="direct", target_user_id=target)
    await _add_pending(session, invite, "invite_already_pending", "They are invited already.")
    _emit_changed(session, team, invite, caller)
    return invite


async def request(
    session: AsyncSession, caller: Caller, competition_id: str, team_id: str, body: FieldAnswers
) -> TeamInvite:
    """Ask a team to let the caller in. Raises `team_not_found`, `request_already_pending`."""
    row = await get_visible(session, caller, competition_id)
    await check_may_join(session, row, caller, body.fields)
    team = await session.get(Team, team_id)
    if team is None or team.competition_id != competition_id:
        raise NotFound("team_not_found", "This competition has no such team.")
    invite = _new(team, caller, kind="join_request", target_user_id=caller.user_id)
    await _add_pending(
        session, invite, "request_already_pending", "You have asked this team already."
    )
    _emit_changed(session, team, invite, caller)
    return invite


def _new(team: Team, caller: Caller, **fields: Any) -> TeamInvite:
    values = {"max_uses": 1, "use_count": 0, "status": "pending", **fields}
    return TeamInvite(
        id=new_id(),
        competition_id=team.competition_id,
        team_id=team.id,
        created_by_user_id=caller.user_id,
        created_at=now(),
        **values,
    )


async def _add_pending(session: AsyncSession, invite: TeamInvite, code: str, message: str) -> None:
    """Add an invite; the index over open ones says when there is one already."""
    try:
        async with session.begin_nested():
            session.add(invite)
    except IntegrityError as error:
        raise Conflict(code, message) from error


async def redeem(
    session: AsyncSession, caller: Caller, competition_id: str, body: RedeemRequest
) -> Team:
    """Join by a code. Raises `invite_not_found` for one that is wrong, used up or over."""
    row = await get_visible(session, caller, competition_id)
    invite = await session.scalar(
        select(TeamInvite)
        .where(TeamInvite.code == body.code.strip().upper(), TeamInvite.kind == "code")
        .where(TeamInvite.competition_id == competition_id)
    )
    if invite is None:
        raise membership.no_invite()
    await check_may_join(session, row, caller, body.fields)
    team, invite = await _lock(session, invite)
    _require_active(invite)
    await membership.join(session, team, caller.user_id, caller)
    invite.use_count += 1
    return team


async def _lock(session: AsyncSession, invite: TeamInvite) -> tuple[Team, TeamInvite]:
    """The invite's team and the invite, fresh and locked, in the order that everybody uses."""
    team = await membership.lock(session, invite.team_id)
    fresh = await session.scalar(
        select(TeamInvite)
        .where(TeamInvite.id == invite.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if team is None or fresh is None:
        raise membership.no_invite()
    return team, fresh


def _require_active(invite: TeamInvite) -> None:
    if not is_active(invite):
        raise membership.no_invite()


async def settle_own(
    session: AsyncSession,
    caller: Caller,
    competition_id: str,
    invite_id: str,
    outcome: Literal["accepted", "declined"],
    answers: Mapping[str, FieldValue | None],
) -> Team:
    """Accept or decline a direct invite to the caller.

    Raises `invite_not_found`, `wrong_invite_kind`, `already_on_team`, `team_full`.
    """
    row = await get_visible(session, caller, competition_id)
    invite = await _of_competition(session, competition_id, invite_id)
    if invite.kind == "direct" and invite.target_user_id != caller.user_id:
        raise membership.no_invite()
    _require_kind(invite, "direct")
    if outcome == "accepted" and is_active(invite):
        await check_may_join(session, row, caller, answers)
    team, invite = await _lock(session, invite)
    _require_active(invite)
    if outcome == "accepted":
        await membership.join(session, team, caller.user_id, caller)
    _end(invite, outcome)
    _emit_changed(session, team, invite, caller)
    return team


async def settle_request(
    session: AsyncSession,
    caller: Caller,
    competition_id: str,
    invite_id: str,
    outcome: Literal["approved", "rejected"],
) -> Team:
    """Approve or reject somebody's request to join the caller's team.

    What kept them from asking keeps them from coming: raises `competition_ended`,
    `registration_closed`, `competition_invitation_required`, `team_full`, `already_on_team`.
    """
    team = await membership.captained(session, caller, competition_id)
    invite = await _of_competition(session, competition_id, invite_id)
    if invite.team_id != team.id:
        raise membership.no_invite()
    _require_kind(invite, "join_request")
    team, invite = await _lock(session, invite)
    _require_active(invite)
    person = invite.target_user_id or ""
    if outcome == "approved":
        await _check_may_come(session, team, person)
        await membership.join(session, team, person, caller)
    _end(invite, outcome)
    _emit_changed(session, team, invite, caller)
    return team


async def _check_may_come(session: AsyncSession, team: Team, person: str) -> None:
    competition = await session.get_one(Competition, team.competition_id)
    check_open(competition)
    if competition.access == "public":
        return
    invited = await session.scalar(
        select(CompetitionInvite.id).where(
            CompetitionInvite.competition_id == team.competition_id,
            CompetitionInvite.user_id == person,
        )
    )
    if invited is None:
        raise invitation_required()


async def revoke(
    session: AsyncSession, caller: Caller, competition_id: str, invite_id: str
) -> None:
    """Take back an invite of the caller's team. Raises `invite_not_found`."""
    team = await membership.captained(session, caller, competition_id)
    invite = await _of_competition(session, competition_id, invite_id)
    if invite.team_id != team.id or invite.kind == "join_request" or invite.status != "pending":
        raise membership.no_invite()
    _end(invite, "revoked")
    _emit_changed(session, team, invite, caller)


async def _of_competition(session: AsyncSession, competition_id: str, invite_id: str) -> TeamInvite:
    invite = await session.get(TeamInvite, invite_id)
    if invite is None or invite.competition_id != competition_id:
        raise membership.no_invite()
    return invite


def _require_kind(invite: TeamInvite, kind: str) -> None:
    if invite.kind != kind:
        raise Conflict(
            "wrong_invite_kind",
            f"This is a {invite.kind}, not a {kind}.",
            kind=invite.kind,
            needed=kind,
        )


def _emit_changed(session: AsyncSession, team: Team, invite: TeamInvite, caller: Caller) -> None:
    """Tell the team, and the person whom the invite is about."""
    event = CompetitionInviteChanged(
        team_id=team.id,
        team_name=team.name,
        competition_id=team.competition_id,
        user_id=invite.target_user_id or "",
        invite_id=invite.id,
        kind=invite.kind,
        status=invite.status,
    )
    emit(session, event, audience=Audience.TEAM, actor_id=caller.user_id)


def _end(invite: TeamInvite, status: str) -> None:
    invite.status, invite.ended_at = status, now()
