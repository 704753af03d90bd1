"""Taking one's data along, and going."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError
from ctfy.server.access.caller import Caller
from ctfy.server.database.base import Base, now
from ctfy.server.events.outbox import account_changed
from ctfy.server.jobs.engine import Jobs
from ctfy.server.tables.access import CompetitionAdmin, Token, User
from ctfy.server.tables.accounts import DeviceGrant, Identity, MailedToken, OAuthAttempt
from ctfy.server.tables.achievements import Unlock
from ctfy.server.tables.announcements import AnnouncementRead
from ctfy.server.tables.challenges import HintUnlock, Reaction
from ctfy.server.tables.competitions import CompetitionInvite
from ctfy.server.tables.events import Event
from ctfy.server.tables.incidents import Incident
from ctfy.server.tables.instances import Instance
from ctfy.server.tables.submissions import Solve, Submission
from ctfy.server.tables.teams import TeamInvite, TeamMember
from ctfy.server.teams import membership

DELETED_NAME = "Deleted account"
_SECRETS = frozenset({"hash", "password_hash", "device_hash", "state_hash", "verifier", "nonce"})
# Every table that holds something of a person, and the column that says whose it is. A test
# compares it with the schema, so that a new table cannot be forgotten.
HELD: list[tuple[type[Base], str]] = [
    (Token, "user_id"),
    (Identity, "user_id"),
    (OAuthAttempt, "link_user_id"),
    (DeviceGrant, "user_id"),
    (MailedToken, "user_id"),
    (CompetitionAdmin, "user_id"),
    (CompetitionInvite, "user_id"),
    (TeamMember, "user_id"),
    (TeamInvite, "target_user_id"),
    (Instance, "user_id"),
    (Submission, "user_id"),
    (Solve, "user_id"),
    (HintUnlock, "user_id"),
    (Reaction, "user_id"),
    (Unlock, "user_id"),
    (AnnouncementRead, "user_id"),
    (Incident, "user_id"),
    (Event, "actor_id"),
]
_GOES = (
    Token,
    Identity,
    OAuthAttempt,
    DeviceGrant,
    MailedToken,
    CompetitionAdmin,
    CompetitionInvite,
    TeamInvite,
    Reaction,
    AnnouncementRead,
)
_NOT_THEIRS = frozenset({Incident})  # kept for the operators, and about others, too


async def export(session: AsyncSession, caller: Caller) -> dict[str, Any]:
    """Everything that is held on the caller, by table; what is secret is left out."""
    user = await session.get_one(User, caller.user_id)
    held: dict[str, Any] = {"account": _plain(user.__dict__, User.__table__)}
    for table, column in HELD:
        if table in _NOT_THEIRS:
            continue
        columns = [c for c in table.__table__.c if c.name not in _SECRETS]
        rows = await session.execute(
            select(*columns).where(table.__table__.c[column] == caller.user_id)
        )
        held[table.__tablename__] = [dict(row._mapping) for row in rows]
    return held


def _plain(values: dict[str, Any], table: Any) -> dict[str, Any]:
    assert isinstance(table, Table)  # noqa: S101 - narrows the type
    return {c.name: values[c.name] for c in table.c if c.name not in _SECRETS}


async def delete_account(
    session: AsyncSession, jobs: Jobs, caller: Caller, confirmation: str
) -> None:
    """Delete the caller's account: their teams pass on, their submissions stay, without a name.

    Raises `wrong_confirmation`, `last_super_admin`.
    """
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    if confirmation != user.display_name:
        raise CtfyError("wrong_confirmation", "Type your display name exactly to confirm.")
    if user.role == "super_admin":
        others = await session.scalar(
            select(func.count()).where(
                User.role == "super_admin", User.id != user.id, User.deleted_at.is_(None)
            )
        )
        if not others:
            raise Conflict("last_super_admin", "You are the last super admin. Name another first.")
    teams = await session.scalars(
        select(TeamMember.team_id).where(TeamMember.user_id == user.id).order_by(TeamMember.team_id)
    )
    for team_id in teams.all():
        team = await membership.lock(session, team_id)
        if team is not None:
            await membership.part(session, jobs, team, caller)
    columns = dict(HELD)
    for table in _GOES:
        mine = table.__table__.c[columns[table]] == user.id
        if table is TeamInvite:
            mine = or_(mine, TeamInvite.created_by_user_id == user.id)
        await session.execute(delete(table).where(mine))
    user.email = user.email_verified_at = user.password_hash = user.last_active_at = None
    user.bio = user.country = user.website_url = user.timezone = None
    user.display_name, user.avatar_url = DELETED_NAME, ""
    user.social_links, user.visibility = {}, {}
    user.role, user.deleted_at = "user", now()
    account_changed(session, user.id)
