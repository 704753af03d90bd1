"""What somebody sees: which competitions and teams, which events, and solves until when.

Every list, count, feed, award and export asks here, so that a rule of visibility stands once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.core.errors import NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.cache import Cache
from ctfy.server.database.base import now
from ctfy.server.events.relay import Rights
from ctfy.server.events.types import EVENTS, Audience
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition, CompetitionInvite
from ctfy.server.tables.events import OutboxEvent
from ctfy.server.tables.teams import Team, TeamMember

# What everybody may see without signing in.
PUBLIC: ColumnElement[bool] = and_(
    Competition.status == "published", Competition.access == "public"
)


# Under names of their own: a query around the condition may join the same tables.
_member, _invite = aliased(TeamMember), aliased(CompetitionInvite)
_person = aliased(User)


def _belongs(user_id: Any) -> ColumnElement[bool]:
    """The condition that somebody is in a competition, or invited to it."""
    return or_(
        exists().where(_member.competition_id == Competition.id, _member.user_id == user_id),
        exists().where(_invite.competition_id == Competition.id, _invite.user_id == user_id),
    )


def takes_part(team_id: Any) -> ColumnElement[bool]:
    """The condition on a column of teams that somebody is on, who is not suspended.

    No other counts anywhere. Boards and `submissions/writer.py` have the same in their own SQL.
    """
    on_it = select(_member.user_id).join(_person, _person.id == _member.user_id)
    return on_it.where(_member.team_id == team_id, _person.suspended_at.is_(None)).exists()


_ONE = select(Competition, _belongs(bindparam("user_id")).label("belongs")).where(
    Competition.id == bindparam("competition_id")
)


@dataclass(frozen=True, slots=True)
class View:
    """What a caller sees at a moment; without a caller, what a visitor does."""

    caller: Caller | None = None
    moment: datetime = field(default_factory=now)

    def is_operator(self, competition_id: str) -> bool:
        """Whether they run a competition, and so see all of it at any time."""
        return self.caller is not None and self.caller.administers(competition_id)

    def competitions(self) -> ColumnElement[bool]:
        """The condition on competitions that they may know of.

        Visitors: public ones. Players: published ones, a hidden one only when they are in it or
        invited. A competition's own administrators see it always, the platform's see all. A token
        sees those that it reaches into.
        """
        caller = self.caller
        if caller is None:
            return PUBLIC
        if caller.is_admin:
            return true()
        shown = and_(
            Competition.status == "published",
            or_(Competition.access != "private_hidden", _belongs(caller.user_id)),
        )
        if caller.reaches_none:  # finds what there is, and nothing that it would have to enter
            return and_(Competition.status == "published", Competition.access != "private_hidden")
        return or_(shown, Competition.id.in_(caller.runs)) & caller.reaches(Competition.id)

    def teams(self) -> ColumnElement[bool]:
        """The condition on teams, joined to competitions, that they may know of.

        Those of the competitions that they see; visitors see those of private ones that are
        listed, too. Their own, also where the competition is over and put away.
        """
        caller = self.caller
        if caller is None:
            return and_(Competition.status == "published", Competition.access != "private_hidden")
        own = select(TeamMember.team_id).where(
            TeamMember.user_id == caller.user_id, caller.reaches(TeamMember.competition_id)
        )
        return or_(self.competitions(), Team.id.in_(own))

    async def competition(
        self, session: AsyncSession, cache: Cache, competition_id: str
    ) -> Competition:
        """One competition that a caller may know of, cached.

        Raises `competition_not_found`, `token_competition_forbidden`.
        """
        caller = self.caller
        if caller is None:
            query = select(Competition).where(Competition.id == competition_id, PUBLIC)
            found: Competition | None = await session.scalar(query)
            if found is None:
                raise NotFound("competition_not_found", "There is no such public competition.")
            return found
        caller.check_competition(competition_id)
        key = ("visible", caller.token_id, competition_id)
        known: Competition | None = cache.get(key)
        if known is not None:
            return known
        stamp = (*caller.stamp, *cache.stamp(f"competition:{competition_id}"))
        values = {"user_id": caller.user_id, "competition_id": competition_id}
        row = (await session.execute(_ONE, values)).one_or_none()
        if row is None:
            raise _not_found()
        competition: Competition = row.Competition
        hidden = competition.access == "private_hidden" and not row.belongs
        if not self.is_operator(competition_id) and (competition.status != "published" or hidden):
            raise _not_found()
        session.expunge(competition)  # it outlives the session, also one that rolls back
        cache.put(key, competition, stamp)
        return competition

    def challenges_are_open(self, competition: Competition) -> bool:
        """Whether its challenges show: from its start on; to its operators before."""
        return self.is_operator(competition.id) or competition.phase_at(self.moment) != "upcoming"

    def challenges_of_visitors(self) -> ColumnElement[bool]:
        """The condition on competitions whose challenges a visitor may know of."""
        return PUBLIC & func.coalesce(Competition.starts_at <= self.moment, True)

    def solves_until(self, competition: Competition) -> datetime | None:
        """The moment from which on solves do not count for them; None: every solve counts."""
        frozen = competition.freezes_at is not None and competition.freezes_at <= self.moment
        return competition.freezes_at if frozen and not self.is_operator(competition.id) else None

    def until_changes(self, competition: Competition) -> float | None:
        """The start or freeze that will end what they see now, Unix time; None when none will."""
        if self.is_operator(competition.id):
            return None
        ahead = [
            moment
            for moment in (competition.starts_at, competition.freezes_at)
            if moment is not None and moment > self.moment
        ]
        return min(ahead).timestamp() if ahead else None

    def deeds(self, team_id: Any, competition_id: Any, at: Any) -> ColumnElement[bool]:
        """The condition on what teams did that they may know of; columns of team, where, when.

        What their own teams did, at any time. What others did, in competitions that they see, up
        to the freeze of each; all of it where they run the competition.
        """
        caller = self.caller
        if caller is not None and caller.is_admin:
            return true()
        seen = _of_competition(competition_id, self.competitions() & self.counts_solves_at(at))
        if caller is None:
            return seen
        own = select(_member.team_id).where(
            _member.user_id == caller.user_id, caller.reaches(_member.competition_id)
        )
        return or_(team_id.in_(own), seen)

    def counts_solves_at(self, at: Any) -> ColumnElement[bool]:
        """The condition that no freeze hides a moment, in a column, of a row's competition."""
        shown = or_(
            Competition.freezes_at.is_(None),
            Competition.freezes_at > self.moment,
            at < Competition.freezes_at,
        )
        caller = self.caller
        if caller is None:
            return shown
        return true() if caller.is_admin else or_(shown, Competition.id.in_(caller.runs))

    def events(self) -> ColumnElement[bool]:
        """The condition on events that a caller may read, as the stream sends them.

        Those for everybody, of their competitions and teams, and about themselves.
        """
        caller = self.caller
        competition_id = OutboxEvent.payload["competition_id"].as_string()
        # They could know of it then, and the competition may have been hidden since.
        known = or_(
            func.coalesce(competition_id, "") == "",
            _of_competition(competition_id, self.competitions()),
        )
        everybodys = (OutboxEvent.audience == Audience.EVERYBODY) & known
        if caller is None:
            return everybodys
        if caller.is_admin:
            return OutboxEvent.audience != Audience.PLATFORM
        own = (TeamMember.user_id == caller.user_id) & caller.reaches(TeamMember.competition_id)
        personal = [kind.name for kind in EVENTS.values() if kind.is_personal]
        about_them = and_(
            or_(OutboxEvent.audience == Audience.PERSON, OutboxEvent.name.in_(personal)),
            OutboxEvent.payload["user_id"].as_string() == caller.user_id,
            caller.reaches(competition_id),
            known,
        )
        return or_(
            everybodys,
            (OutboxEvent.audience == Audience.OPERATORS) & competition_id.in_(caller.runs),
            (OutboxEvent.audience == Audience.COMPETITION)
            & or_(
                competition_id.in_(select(TeamMember.competition_id).where(own)),
                competition_id.in_(caller.runs),
            ),
            (OutboxEvent.audience == Audience.TEAM)
            & OutboxEvent.team_id.in_(select(TeamMember.team_id).where(own)),
            (OutboxEvent.audience != Audience.PLATFORM) & about_them,
        )

    async def stream_rights(self, session: AsyncSession) -> Rights:
        """What the event stream sends a caller: `events` for one event after the other."""
        caller = self.caller
        if caller is None:
            return Rights()
        rows = await session.execute(
            select(TeamMember.team_id, TeamMember.competition_id).where(
                TeamMember.user_id == caller.user_id, caller.reaches(TeamMember.competition_id)
            )
        )
        own = rows.all()
        hidden = await session.scalars(select(Competition.id).where(~self.competitions()))
        return Rights(
            caller.is_admin,
            frozenset(row.team_id for row in own),
            frozenset(row.competition_id for row in own) | caller.runs,
            caller.runs,
            frozenset(hidden),
            caller.sees_competition,
        )


def _not_found() -> NotFound:
    return NotFound("competition_not_found", "There is no such competition.")


def _of_competition(competition_id: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition on competitions, asked of the one whose id is in a column."""
    found = select(Competition.id).where(condition).correlate_except(Competition)
    return competition_id.in_(found)  # type: ignore[no-any-return]


def audience_of(competition: Competition) -> Audience:
    """Who hears of a competition's teams: everybody only where it is open to all."""
    shown = competition.access == "public" and competition.status == "published"
    return Audience.EVERYBODY if shown else Audience.COMPETITION


def audience_of_solves(competition: Competition, moment: datetime) -> Audience:
    """Who hears of what others solved: the same, and after the freeze whoever runs it."""
    visible = View(moment=moment).solves_until(competition) is None
    return audience_of(competition) if visible else Audience.OPERATORS


def audience_of_changes(competition: Competition) -> Audience:
    """Who hears of a competition itself: everybody where they may see it, else administrators."""
    hidden = competition.status != "published" or competition.access == "private_hidden"
    return Audience.ADMINS if hidden else Audience.EVERYBODY
