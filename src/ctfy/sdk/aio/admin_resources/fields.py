# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/fields.py.
# Change that file, then run the tool.
"""`admin.fields`."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping
from typing import Any

from ctfy.sdk.admin_resources.fields import _answers_of, _fields_of, _people_of
from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.base import ListOf
from ctfy.server.models.fields import (
    AnsweredField,
    CompetitionPerson,
    CustomFieldAdminInfo,
    FieldValue,
)


class AdminFieldsResource:
    """What is asked of people at registration, and what they answered.

    With a `competition_id` it is what that competition asks; without one, what the platform asks
    of everybody, which super admins change.
    """

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def list(self, competition_id: str = "") -> builtins.list[CustomFieldAdminInfo]:
        """What is asked, in its order, and how many answered."""
        path = _fields_of(competition_id)
        return (await self._http.fetch(ListOf[CustomFieldAdminInfo], "GET", path)).root

    async def create(
        self, name: str, label: str, *, kind: str = "text", competition_id: str = "", **more: Any
    ) -> CustomFieldAdminInfo:
        """Ask something more.

        `kind`: text, choice, number or consent. `more`: description, required, public (shown
        beside their name), position, options (of a choice), minimum and maximum (of a number; of a
        text, its length).
        """
        body = {"name": name, "label": label, "kind": kind, **more}
        path = _fields_of(competition_id)
        return await self._http.fetch(CustomFieldAdminInfo, "POST", path, json=body)

    async def update(
        self, field_id: str, *, competition_id: str = "", **fields: Any
    ) -> CustomFieldAdminInfo:
        """Change what is asked; what is left out stays, and so do answers. `fields`: as `more`."""
        path = f"{_fields_of(competition_id)}/{field_id}"
        return await self._http.fetch(CustomFieldAdminInfo, "PATCH", path, json=fields)

    async def delete(self, field_id: str, *, competition_id: str = "", force: bool = False) -> None:
        """Ask it no longer; where answers would go with it, only with `force`."""
        path = f"{_fields_of(competition_id)}/{field_id}"
        await self._http.call("DELETE", path, params={"force": force})

    async def people(
        self, competition_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[CompetitionPerson]:
        """Everybody on a team of a competition, by team, with their answers."""
        path = _people_of(competition_id)
        return await self._http.fetch_page(CompetitionPerson, path, offset=offset, limit=limit)

    def iterate_people(self, competition_id: str) -> AsyncIterator[CompetitionPerson]:
        """Each one that `people` finds, asked for page by page as they are taken."""
        return self._http.pages(CompetitionPerson, _people_of(competition_id))

    async def answers(
        self, user_id: str, *, competition_id: str = ""
    ) -> builtins.list[AnsweredField]:
        """What is asked, with somebody's answers."""
        path = _answers_of(user_id, competition_id)
        return (await self._http.fetch(ListOf[AnsweredField], "GET", path)).root

    async def correct(
        self, user_id: str, fields: Mapping[str, FieldValue | None], *, competition_id: str = ""
    ) -> builtins.list[AnsweredField]:
        """Change somebody's answers, by the names of the fields; None takes one away."""
        path = _answers_of(user_id, competition_id)
        body = {"fields": dict(fields)}
        return (await self._http.fetch(ListOf[AnsweredField], "PATCH", path, json=body)).root
