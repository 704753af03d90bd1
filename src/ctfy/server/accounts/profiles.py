"""Profiles: what a person tells of themselves, and to whom."""

from __future__ import annotations

import functools
import re
import zoneinfo
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from ctfy.core.errors import Invalid, NotFound
from ctfy.server.access.view import Sight, View
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.fields.service import PLATFORM, public_answers
from ctfy.server.models.accounts import ProfilePatchRequest, UserInfo
from ctfy.server.tables.access import User
from ctfy.server.tables.submissions import ChallengeSolve, Solve, Submission

DELETED_NAME = "Deleted account"

VISIBLE_FIELDS = (
    "bio",
    "country",
    "website_url",
    "timezone",
    "social_links",
    "last_active_at",
)
_MOST_LINKS = 10
_MOST_LINK = 200
_LINK_NAME = re.compile(r"^[a-z0-9_-]{1,32}$")


def visibility(user: Any) -> dict[str, bool]:
    """Per field: whether others see it. Everything is shown until its owner hides it."""
    return {name: bool(user.visibility.get(name, True)) for name in VISIBLE_FIELDS}


def shown(user: Any, name: str) -> Any:
    """A field as others see it; None when it is hidden."""
    return getattr(user, name) if visibility(user)[name] else None


def profile_fields(user: Any, *, own: bool) -> dict[str, Any]:
    """The wire fields of a person, as they or as others see them."""
    fields = {name: getattr(user, name) if own else shown(user, name) for name in VISIBLE_FIELDS}
    return {
        "id": user.id,
        "display_name": user.display_name,
        "avatar_url": user.avatar_url,
        "created_at": user.created_at,
        **fields,
        "social_links": fields["social_links"] or {},
    }


# The id of a person, `user_id`, who has not deleted their account.
PRESENT = select(User.id).where(User.id == bindparam("user_id"), User.deleted_at.is_(None))


@functools.cache
def person(sight: Sight) -> Select[Any]:
    """A person who has not deleted their account, and how much others know that they did.

    It needs `View.values` and `user_id`. `solves`: the challenges that they finished; `attempts`:
    how often they submitted.
    """
    finished = (
        select(func.count(func.distinct(ChallengeSolve.team_id + ChallengeSolve.challenge_id)))
        .join(
            Solve,
            (Solve.team_id == ChallengeSolve.team_id)
            & (Solve.challenge_id == ChallengeSolve.challenge_id)
            & (Solve.solved_at == ChallengeSolve.solved_at),
        )
        .where(
            Solve.user_id == bindparam("user_id"),
            sight.answers(Solve.team_id, Solve.competition_id, Solve.solved_at),
        )
    )
    tried = select(func.count()).where(
        Submission.user_id == bindparam("user_id"),
        sight.answers(Submission.team_id, Submission.competition_id, Submission.submitted_at),
    )
    return PRESENT.with_only_columns(
        *User.__table__.columns,
        finished.scalar_subquery().label("solves"),
        tried.scalar_subquery().label("attempts"),
        public_answers(User.id, PLATFORM).label("fields"),
    )


@functools.cache
def _person(sight: Sight) -> Statement:
    return Statement(person(sight))


async def user_info(database: Database, view: View, user_id: str) -> UserInfo:
    """A person as others see them; themselves see everything. Raises `user_not_found`."""
    rows = await database.read(_person(view.sight), user_id=user_id, **view.values)
    if not rows:
        raise not_found()
    own = view.caller is not None and view.caller.user_id == user_id
    return UserInfo(
        **profile_fields(rows[0], own=own),
        solves=rows[0].solves,
        attempts=rows[0].attempts,
        fields=rows[0].fields,
    )


def not_found() -> NotFound:
    """Nobody has that id."""
    return NotFound("user_not_found", "There is no such person.")


def update_profile(user: User, body: ProfilePatchRequest) -> None:
    """Change what the person tells of themselves. Raises `invalid_profile`."""
    fields = body.model_dump(exclude_unset=True)
    for name, check in _CHECKS.items():
        value = fields.get(name)
        if value:
            check(value)
    for name, value in fields.items():
        if name == "display_name":
            if not (value or "").strip():
                raise _invalid("display_name", "cannot be empty")
            value = value.strip()
        setattr(user, name, (value or {}) if name == "social_links" else value or None)


def update_visibility(user: User, overrides: dict[str, bool]) -> None:
    """Show or hide fields. Raises `invalid_profile` on a field that there is not."""
    if unknown := sorted(set(overrides) - set(VISIBLE_FIELDS)):
        raise _invalid(unknown[0], f"is no such field; use {', '.join(VISIBLE_FIELDS)}")
    user.visibility = {**user.visibility, **overrides}


def _invalid(field: str, message: str) -> Invalid:
    return Invalid("invalid_profile", f"{field}: {message}.", field=field)


def _check_country(value: str) -> None:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise _invalid("country", "is a two-letter code (ISO 3166-1), such as FR")


def _check_url(value: str, field: str = "website_url") -> None:
    if not re.fullmatch(r"https?://[^\s<>\"']+", value):
        raise _invalid(field, "starts with http:// or https://")


def _check_timezone(value: str) -> None:
    if value not in _timezones():
        raise _invalid("timezone", "is a name of the IANA database, such as Europe/Paris")


@functools.cache
def _timezones() -> set[str]:
    return zoneinfo.available_timezones()


def _check_links(value: dict[str, str]) -> None:
    if len(value) > _MOST_LINKS:
        raise _invalid("social_links", f"holds at most {_MOST_LINKS}")
    for name, link in value.items():
        if not _LINK_NAME.match(name) or len(link) > _MOST_LINK:
            raise _invalid("social_links", f"has names of a-z, links up to {_MOST_LINK} characters")
        if ":" in link:
            _check_url(link, "social_links")


_CHECKS: dict[str, Any] = {
    "country": _check_country,
    "website_url": _check_url,
    "timezone": _check_timezone,
    "social_links": _check_links,
}


def empty(user: User) -> None:
    """Leave nothing of a person in their row, which stays for what they submitted."""
    user.email = user.email_verified_at = user.password_hash = user.last_active_at = None
    user.bio = user.country = user.website_url = user.timezone = None
    user.display_name, user.avatar_url = DELETED_NAME, ""
    user.social_links, user.visibility = {}, {}
    user.role, user.deleted_at = "user", now()
