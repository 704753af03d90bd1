"""Taking one's data along, and going: a walk over what every domain holds of a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Conflict, CtfyError
from ctfy.server.access.caller import Caller
from ctfy.server.access.events import AccountChanged
from ctfy.server.accounts.profiles import empty
from ctfy.server.domain import Domains
from ctfy.server.events.outbox import emit
from ctfy.server.services import Services
from ctfy.server.tables.access import User

_SECRETS = frozenset({"hash", "password_hash", "device_hash", "state_hash", "verifier", "nonce"})


async def export(session: AsyncSession, domains: Domains, caller: Caller) -> dict[str, Any]:
    """Everything that is held on the caller, by table; what is secret is left out."""
    user = await session.get_one(User, caller.user_id)
    held: dict[str, Any] = {"account": _plain(user.__dict__, User.__table__)}
    for data in (data for domain in domains for data in domain.personal_data if data.exported):
        table = data.table.__table__
        columns = [c for c in table.c if c.name not in _SECRETS | data.withheld]
        query = select(*columns, *data.beside).select_from(data.table)
        for other in {column.class_ for column in data.beside}:
            query = query.join(other)
        rows = await session.execute(query.where(table.c[data.column] == caller.user_id))
        found = held.setdefault(data.table.__tablename__, [])
        found += [dict(row._mapping) for row in rows]
    return held


def _plain(values: dict[str, Any], table: Any) -> dict[str, Any]:
    assert isinstance(table, Table)  # noqa: S101 - narrows the type
    return {c.name: values[c.name] for c in table.c if c.name not in _SECRETS}


async def delete_account(
    session: AsyncSession, services: Services, caller: Caller, confirmation: str
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
    domains = services.get(Domains)
    for domain in domains:
        if domain.on_account_deletion is not None:
            await services.bind(domain.on_account_deletion)(session=session, caller=caller)
    for data in (data for domain in domains for data in domain.personal_data):
        if data.on_deletion == "delete":
            mine = data.table.__table__.c[data.column] == user.id
            await session.execute(delete(data.table).where(mine))
    empty(user)
    emit(session, AccountChanged(user_id=user.id))
