"""Pictures of people: uploaded by themselves, or by an operator for them."""

from __future__ import annotations

import re

from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.access.caller import Caller
from ctfy.server.accounts import user_admin
from ctfy.server.accounts.events import AccountEdited
from ctfy.server.jobs.queue import Jobs
from ctfy.server.site import images
from ctfy.server.tables.access import User
from ctfy.server.tables.site import Image

UPLOADS = re.compile(r"/api/v1/(me|admin/users/[^/]+)/avatar")


async def change(session: AsyncSession, jobs: Jobs, caller: Caller, image: Image | None) -> None:
    """Give the caller another picture, or none."""
    user = await session.get_one(User, caller.user_id, with_for_update={"key_share": True})
    user.avatar_url = await images.exchange(session, jobs, user.avatar_url, image)


async def correct(
    session: AsyncSession, jobs: Jobs, caller: Caller, user_id: str, image: Image | None
) -> None:
    """Give somebody another picture, or none. Raises `user_not_found`, `forbidden`."""
    user = await user_admin.locked(session, user_id)
    user_admin.require_above(caller, user)
    user.avatar_url = await images.exchange(session, jobs, user.avatar_url, image)
    user_admin.emit_changed(session, AccountEdited, caller, user, fields=["avatar"])


async def remove(session: AsyncSession, jobs: Jobs, caller: Caller) -> None:
    """Leave no picture of somebody who deletes their account."""
    await change(session, jobs, caller, None)
