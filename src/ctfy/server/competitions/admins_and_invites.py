"""Who administers a competition, and who is invited to a private one."""

from __future__ import annotations

from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.core.errors import Conflict, NotFound, field_error
from ctfy.server.access.addresses import speaks_for_its_address
from ctfy.server.access.caller import Caller
from ctfy.server.access.events import AccountChanged
from ctfy.server.competitions.events import CompetitionAdminChanged, CompetitionInviteChanged
from ctfy.server.database.base import new_id, now
from ctfy.server.events.outbox import emit
from ctfy.server.models.competitions import GrantCompetitionAdminRequest
from ctfy.server.settings import Settings
from ctfy.server.tables.access import CompetitionAdmin, User
from ctfy.server.tables.competitions import Competition, CompetitionInvite


def admins_of(competition_id: str) -> Select[CompetitionAdmin, str, str | None]:
    """A competition's own administrators, oldest first."""
    return (
        select(CompetitionAdmin, User.display_name, User.email)
        .join(User, User.id == CompetitionAdmin.user_id)
        .where(CompetitionAdmin.competition_id == competition_id)
        .order_by(CompetitionAdmin.granted_at, CompetitionAdmin.user_id)
    )


async def grant(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    competition_id: str,
    body: GrantCompetitionAdminRequest,
) -> str:
    """Make somebody administrator of one competition; their id.

    Raises `user_not_found`, `email_not_verified`.
    """
    await _require_competition(session, competition_id)
    user = await _person(session, body)
    if user is None:
        raise NotFound("user_not_found", "There is no such account.")
    if body.email and not speaks_for_its_address(user, settings):
        raise Conflict(
            "email_not_verified",
            "The account with this address has not verified it, so it may be somebody else's. "
            "Ask them to verify it, or give their `user_id`.",
        )
    await session.execute(
        insert(CompetitionAdmin)
        .values(
            competition_id=competition_id,
            user_id=user.id,
            granted_by=caller.user_id,
            granted_at=now(),
        )
        .on_conflict_do_nothing()
    )
    _emit_changed(session, CompetitionAdminChanged, caller, competition_id, user.id, "grant")
    return user.id


async def revoke(session: AsyncSession, caller: Caller, competition_id: str, user_id: str) -> None:
    """Take it back. Raises `user_not_found`."""
    gone = await session.scalar(
        delete(CompetitionAdmin)
        .where(
            CompetitionAdmin.competition_id == competition_id, CompetitionAdmin.user_id == user_id
        )
        .returning(CompetitionAdmin.user_id)
    )
    if gone is None:
        raise NotFound("user_not_found", "They do not administer this competition.")
    _emit_changed(session, CompetitionAdminChanged, caller, competition_id, user_id, "revoke")


def invited_to(competition_id: str) -> Select[CompetitionInvite, str, str | None, str]:
    """Who is invited, oldest first."""
    host = aliased(User)
    return (
        select(
            CompetitionInvite,
            User.display_name,
            User.email.label("account_email"),
            host.display_name.label("host_name"),
        )
        .outerjoin(User, User.id == CompetitionInvite.user_id)
        .join(host, host.id == CompetitionInvite.invited_by)
        .where(CompetitionInvite.competition_id == competition_id)
        .order_by(CompetitionInvite.invited_at, CompetitionInvite.id)
    )


async def invite(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    competition_id: str,
    body: GrantCompetitionAdminRequest,
) -> str:
    """Let somebody into a private competition, also before they have an account; the invite's id.

    An address waits until an account has verified it, where this server can ask.
    Raises `user_not_found` for an unknown id, `invite_already_pending`.
    """
    await _require_competition(session, competition_id)
    user = await _person(session, body)
    if user is None and body.user_id:
        raise NotFound("user_not_found", "There is no such account.")
    if user and body.email and not speaks_for_its_address(user, settings):
        user = None
    created: str | None = await session.scalar(
        insert(CompetitionInvite)
        .values(
            id=new_id(),
            competition_id=competition_id,
            user_id=user.id if user else None,
            email=body.email.strip().lower() or None,
            invited_by=caller.user_id,
            invited_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(CompetitionInvite.id)
    )
    if created is None:
        raise Conflict("invite_already_pending", "They are invited already.")
    person = user.id if user else ""
    _emit_changed(session, CompetitionInviteChanged, caller, competition_id, person, "invite")
    return created


async def uninvite(session: AsyncSession, caller: Caller, competition_id: str, who: str) -> None:
    """Take an invite back, by the person's id or the address. Raises `invite_not_found`."""
    gone = await session.execute(
        delete(CompetitionInvite)
        .where(
            CompetitionInvite.competition_id == competition_id,
            (CompetitionInvite.user_id == who) | (CompetitionInvite.email == who.lower()),
        )
        .returning(CompetitionInvite.user_id)
    )
    people = gone.scalars().all()
    if not people:
        raise NotFound("invite_not_found", "They are not invited.")
    for person in people:
        _emit_changed(
            session, CompetitionInviteChanged, caller, competition_id, person or "", "uninvite"
        )


async def claim_invites(session: AsyncSession, settings: Settings, user: User) -> None:
    """Give an account what was promised to its address, once that is known to be its own."""
    if not speaks_for_its_address(user, settings):
        return
    promised = (CompetitionInvite.email == user.email, CompetitionInvite.user_id.is_(None))
    invited = select(_other.competition_id).where(_other.user_id == user.id)
    await session.execute(
        delete(CompetitionInvite).where(*promised, CompetitionInvite.competition_id.in_(invited))
    )
    await session.execute(update(CompetitionInvite).where(*promised).values(user_id=user.id))
    emit(session, AccountChanged(user_id=user.id))


_other = aliased(CompetitionInvite)


async def _require_competition(session: AsyncSession, competition_id: str) -> None:
    if await session.get(Competition, competition_id) is None:
        raise NotFound("competition_not_found", "There is no such competition.")


async def _person(session: AsyncSession, body: GrantCompetitionAdminRequest) -> User | None:
    if bool(body.user_id) == bool(body.email):
        raise field_error(["body", "user_id"], "give either `user_id` or `email`")
    if body.email and "@" not in body.email:
        raise field_error(["body", "email"], "is not an e-mail address")
    who = User.id == body.user_id if body.user_id else User.email == body.email.strip().lower()
    found: User | None = await session.scalar(select(User).where(who, User.deleted_at.is_(None)))
    return found


def _emit_changed(
    session: AsyncSession,
    kind: type[CompetitionAdminChanged | CompetitionInviteChanged],
    caller: Caller,
    competition_id: str,
    user_id: str,
    action: str,
) -> None:
    event = kind(
        competition_id=competition_id, user_id=user_id, target_user_id=user_id, action=action
    )
    emit(session, event, actor_id=caller.user_id)
