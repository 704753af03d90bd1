"""`admin.fields`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from typing import Any

from ctfy.sdk.base import BaseHttpClient
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

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def list(self, competition_id: str = "") -> builtins.list[CustomFieldAdminInfo]:
        """What is asked, in its order, and how many answered."""
        path = _fields_of(competition_id)
        return self._http.fetch(ListOf[CustomFieldAdminInfo], "GET", path).root

    def create(
        self, name: str, label: str, *, kind: str = "text", competition_id: str = "", **more: Any
    ) -> CustomFieldAdminInfo:
        """Ask something more.

        `kind`: text, choice, number or consent. `more`: description, required, public (shown
        beside their name), position, options (of a choice), minimum and maximum (of a number; of a
        text, its length).

        >>> admin.fields.create("t_shirt", "T-shirt", kind="choice", options=["S", "M", "L"],
        ...                     competition_id=competition.id, required=True)
        """
        body = {"name": name, "label": label, "kind": kind, **more}
        path = _fields_of(competition_id)
        return self._http.fetch(CustomFieldAdminInfo, "POST", path, json=body)

    def update(
        self, field_id: str, *, competition_id: str = "", **fields: Any
    ) -> CustomFieldAdminInfo:
        """Change what is asked; what is left out stays, and so do answers. `fields`: as `more`."""
        path = f"{_fields_of(competition_id)}/{field_id}"
        return self._http.fetch(CustomFieldAdminInfo, "PATCH", path, json=fields)

    def delete(self, field_id: str, *, competition_id: str = "", force: bool = False) -> None:
        """Ask it no longer; where answers would go with it, only with `force`."""
        path = f"{_fields_of(competition_id)}/{field_id}"
        self._http.call("DELETE", path, params={"force": force})

    def people(
        self, competition_id: str, offset: int = 0, limit: int = 50
    ) -> builtins.list[CompetitionPerson]:
        """Everybody on a team of a competition, by team, with their answers.

        >>> [person.fields.get("t_shirt") for person in admin.fields.people(competition.id)]
        """
        path = _people_of(competition_id)
        return self._http.fetch_page(CompetitionPerson, path, offset=offset, limit=limit)

    def iterate_people(self, competition_id: str) -> Iterator[CompetitionPerson]:
        """Each one that `people` finds, asked for page by page as they are taken."""
        return self._http.pages(CompetitionPerson, _people_of(competition_id))

    def answers(self, user_id: str, *, competition_id: str = "") -> builtins.list[AnsweredField]:
        """What is asked, with somebody's answers."""
        path = _answers_of(user_id, competition_id)
        return self._http.fetch(ListOf[AnsweredField], "GET", path).root

    def correct(
        self,
        user_id: str,
        fields: Mapping[str, FieldValue | None],
        *,
        competition_id: str = "",
    ) -> builtins.list[AnsweredField]:
        """Change somebody's answers, by the names of the fields; None takes one away."""
        path = _answers_of(user_id, competition_id)
        body = {"fields": dict(fields)}
        return self._http.fetch(ListOf[AnsweredField], "PATCH", path, json=body).root


def _fields_of(competition_id: str) -> str:
    return f"/admin/competitions/{competition_id}/fields" if competition_id else "/admin/fields"


def _people_of(competition_id: str) -> str:
    return f"/admin/competitions/{competition_id}/people"


def _answers_of(user_id: str, competition_id: str) -> str:
    place = _people_of(competition_id) if competition_id else "/admin/users"
    return f"{place}/{user_id}/fields"
