"""What somebody sees: which competitions and teams, which events, and solves until when.

Every list, count, feed, award and export asks here, so that a rule of visibility stands once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    String,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql import visitors

from ctfy.core.errors import Forbidden, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.cache import Cache
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement, one_of, texts
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
_person, _playing = aliased(User), aliased(Team)

# Who asks, and when: `View.values` has them. A statement that names them serves every caller.
ME = bindparam("caller_id", type_=String)
_RUNS = texts("caller_runs")
_REACHED = texts("caller_reaches")
MOMENT = bindparam("moment", type_=DateTime(timezone=True))

_IS_IN = exists().where(_member.competition_id == Competition.id, _member.user_id == ME)
_BELONGS = or_(
    _IS_IN,
    exists().where(_invite.competition_id == Competition.id, _invite.user_id == ME),
)


def takes_part(team_id: Any) -> ColumnElement[bool]:
    """The condition on a column of ranked teams that somebody is on, who is not suspended.

    No other counts anywhere. Boards and `submissions/writer.py` have the same in their own SQL.
    """
    on_it = (
        select(_member.user_id)
        .join(_person, _person.id == _member.user_id)
        .join(_playing, _playing.id == _member.team_id)
    )
    counting = (_person.suspended_at.is_(None), _playing.standing == "ranked")
    return on_it.where(_member.team_id == team_id, *counting).exists()


@dataclass(frozen=True, slots=True)
class Sight:
    """What callers of a kind see, as conditions over `View.values`.

    There are few kinds, so that a statement is built once for each, and not for every request.
    """

    is_visitor: bool = False
    is_admin: bool = False
    reach: Literal["all", "selected", "none"] = "all"

    def reaches(self, column: Any) -> ColumnElement[bool]:
        """The condition that the competition in a column is one that the token reaches into."""
        return true() if self.reach == "all" else one_of(column, _REACHED)

    def runs(self, column: Any) -> ColumnElement[bool]:
        """The condition that the competition in a column is one that they administer."""
        return one_of(column, _RUNS)

    def competitions(self) -> ColumnElement[bool]:
        """The condition on competitions that they may know of.

        Visitors: public ones. Players: published ones, a hidden one only when they are in it or
        invited. A competition's own administrators see it always, the platform's see all. A token
        sees those that it reaches into.
        """
        if self.is_visitor:
            return PUBLIC
        if self.is_admin:
            return true()
        if self.reach == "none":  # finds what there is, and nothing that it would have to enter
            return and_(Competition.status == "published", Competition.access != "private_hidden")
        shown = and_(
            Competition.status == "published",
            or_(Competition.access != "private_hidden", _BELONGS),
        )
        return or_(shown, self.runs(Competition.id)) & self.reaches(Competition.id)

    def teams(self) -> ColumnElement[bool]:
        """The condition on teams, joined to competitions, that they may know of.

        Those of the competitions that they see; visitors see those of private ones that are
        listed, too. Their own, also where the competition is over and put away.
        """
        if self.is_visitor:
            return and_(Competition.status == "published", Competition.access != "private_hidden")
        own = select(TeamMember.team_id).where(
            TeamMember.user_id == ME, self.reaches(TeamMember.competition_id)
        )
        return or_(self.competitions(), Team.id.in_(own))

    def challenges_of_visitors(self) -> ColumnElement[bool]:
        """The condition on competitions whose challenges a visitor may know of."""
        return PUBLIC & func.coalesce(Competition.starts_at <= MOMENT, True)

    def deeds(self, team_id: Any, competition_id: Any, at: Any) -> ColumnElement[bool]:
        """The condition on what teams did that they may know of; columns of team, where, when.

        What their own teams did, at any time. What others did, in competitions whose standings
        they see, up to the freeze of each; all of it where they run the competition.
        """
        return self._deeds(team_id, competition_id, self._shows(at))

    def answers(self, team_id: Any, competition_id: Any, at: Any) -> ColumnElement[bool]:
        """The same for what teams answered; for practice, after the end, others did nothing."""
        shown: ColumnElement[bool] = self._shows(at) & counting(at)
        if not (self.is_admin or self.is_visitor):
            shown = or_(shown, self.runs(Competition.id))
        return self._deeds(team_id, competition_id, shown)

    def _deeds(
        self, team_id: Any, competition_id: Any, shown: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        if self.is_admin:
            return true()
        seen = _of_competition(competition_id, self.competitions() & shown)
        if self.is_visitor:
            return seen
        own = select(_member.team_id).where(
            _member.user_id == ME, self.reaches(_member.competition_id)
        )
        return or_(team_id.in_(own), seen)

    def ranked(self) -> ColumnElement[bool]:
        """The condition on teams that they are ranked, or the caller's own."""
        if self.is_visitor:
            return Team.standing == "ranked"
        own = select(_member.team_id).where(
            _member.user_id == ME, self.reaches(_member.competition_id)
        )
        return or_(Team.standing == "ranked", Team.id.in_(own))

    def sees_standings(self) -> ColumnElement[bool]:
        """The condition on competitions that they may know who is ahead there."""
        if self.is_admin:
            return true()
        visibility = Competition.scoreboard_visibility
        if self.is_visitor:
            return visibility == "public"
        plays = and_(visibility == "players", _IS_IN, self.reaches(Competition.id))
        return or_(visibility == "public", plays, self.runs(Competition.id))

    def counts_solves_at(self, at: Any) -> ColumnElement[bool]:
        """The condition that solves at a moment, in a column, of a row's competition count.

        Nothing hides its standings from them, no freeze the moment, and it had not ended.
        """
        return self._shows(at) & counting(at)

    def _shows(self, at: Any) -> ColumnElement[bool]:
        """The condition that what was done at a moment, of a row's competition, is theirs to know.

        Nothing hides its standings from them, and no freeze the moment.
        """
        if self.is_admin:
            return true()
        unfrozen = or_(
            Competition.freezes_at.is_(None),
            Competition.freezes_at > func.coalesce(Competition.paused_at, MOMENT),
            at < Competition.freezes_at,
        )
        shown = self.sees_standings() & unfrozen
        return shown if self.is_visitor else or_(shown, self.runs(Competition.id))

    def events(self) -> ColumnElement[bool]:
        """The condition on events that they may read, as the stream sends them.

        Those for everybody, of their competitions and teams, and about themselves.
        """
        competition_id = OutboxEvent.payload["competition_id"].as_string()
        # They could know of it then, and the competition may have been hidden since.
        known = or_(
            func.coalesce(competition_id, "") == "",
            _of_competition(competition_id, self.competitions()),
        )
        if self.is_admin:
            return OutboxEvent.audience != Audience.PLATFORM
        of_solves = [kind.name for kind in EVENTS.values() if kind.tells_solves]
        standing = or_(
            OutboxEvent.name.not_in(of_solves),
            _of_competition(competition_id, self.sees_standings()),
        )
        everybodys = (OutboxEvent.audience == Audience.EVERYBODY) & known & standing
        if self.is_visitor:
            return everybodys
        own = (TeamMember.user_id == ME) & self.reaches(TeamMember.competition_id)
        personal = [kind.name for kind in EVENTS.values() if kind.is_personal]
        about_them = and_(
            or_(OutboxEvent.audience == Audience.PERSON, OutboxEvent.name.in_(personal)),
            OutboxEvent.payload["user_id"].as_string() == ME,
            self.reaches(competition_id),
            known,
        )
        return or_(
            everybodys,
            (OutboxEvent.audience == Audience.OPERATORS) & self.runs(competition_id),
            (OutboxEvent.audience == Audience.COMPETITION)
            & standing
            & or_(
                competition_id.in_(select(TeamMember.competition_id).where(own)),
                self.runs(competition_id),
            ),
            (OutboxEvent.audience == Audience.BRACKET)
            & or_(
                self.runs(competition_id),
                exists().where(
                    own,
                    Team.id == TeamMember.team_id,
                    Team.competition_id == competition_id,
                    Team.bracket == OutboxEvent.payload["bracket"].as_string(),
                ),
            ),
            (OutboxEvent.audience == Audience.TEAM)
            & OutboxEvent.team_id.in_(select(TeamMember.team_id).where(own)),
            (OutboxEvent.audience != Audience.PLATFORM) & about_them,
        )


# The team in it that a caller is on, beside a competition.
OWN_TEAM = (
    select(_member.team_id)
    .where(_member.competition_id == Competition.id, _member.user_id == ME)
    .correlate(Competition)
    .scalar_subquery()
    .label("team_id")
)
_ONE = Statement(
    select(Competition, OWN_TEAM, _BELONGS.label("belongs")).where(
        Competition.id == bindparam("competition_id")
    )
)


_PUBLIC_ONE = Statement(
    select(Competition).where(Competition.id == bindparam("competition_id"), PUBLIC)
)
_VISITOR = Sight(is_visitor=True)


class Place(NamedTuple):
    """A competition, and the team in it that a caller is on, if any."""

    competition: Competition
    team_id: str | None = None


# From when on solves do not count for whoever may not know of any.
NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class View:
    """What a caller sees at a moment; without a caller, what a visitor does."""

    caller: Caller | None = None
    moment: datetime = field(default_factory=now)

    @property
    def sight(self) -> Sight:
        """The kind of caller."""
        caller = self.caller
        if caller is None:
            return _VISITOR
        return Sight(is_admin=caller.is_admin, reach=caller.reach)

    @property
    def values(self) -> dict[str, Any]:
        """What the conditions of a `Sight` are about."""
        caller = self.caller
        if caller is None:
            return {"moment": self.moment}
        return {
            "moment": self.moment,
            "caller_id": caller.user_id,
            "caller_runs": list(caller.runs),
            "caller_reaches": list(caller.competition_ids),
        }

    def bind(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """A condition of their sight with their values in it, for a statement built just once."""
        values = self.values

        def give(parameter: BindParameter[Any]) -> None:
            if not parameter.unique:
                parameter.value, parameter.required = values[parameter.key], False

        return visitors.cloned_traverse(condition, {"maintain_key": True}, {"bindparam": give})

    def is_operator(self, competition_id: str) -> bool:
        """Whether they run a competition, and so see all of it at any time."""
        return self.caller is not None and self.caller.administers(competition_id)

    async def competition(
        self, database: Database, cache: Cache, competition_id: str
    ) -> Competition:
        """One competition that a caller may know of, cached.

        Raises `competition_not_found`, `token_competition_forbidden`.
        """
        return (await self.place(database, cache, competition_id)).competition

    async def place(self, database: Database, cache: Cache, competition_id: str) -> Place:
        """The same, with the team in it that the caller is on."""
        caller = self.caller
        if caller is None:
            rows = await database.read(_PUBLIC_ONE, competition_id=competition_id)
            if not rows:
                raise NotFound("competition_not_found", "There is no such public competition.")
            return Place(Competition.of(rows[0]))
        caller.check_competition(competition_id)
        key = ("visible", caller.token_id, competition_id)
        known: Place | None = cache.get(key)
        if known is not None:
            return known
        stamp = (*caller.stamp, *cache.stamp(f"competition:{competition_id}"))
        rows = await database.read(_ONE, caller_id=caller.user_id, competition_id=competition_id)
        if not rows:
            raise _not_found()
        competition = Competition.of(rows[0])
        hidden = competition.access == "private_hidden" and not rows[0].belongs
        if not self.is_operator(competition_id) and (competition.status != "published" or hidden):
            raise _not_found()
        place = Place(competition, rows[0].team_id)
        cache.put(key, place, stamp)
        return place

    def challenges_are_open(self, competition: Competition) -> bool:
        """Whether its challenges show: from its start on; to its operators before."""
        return self.is_operator(competition.id) or competition.phase_at(self.moment) != "upcoming"

    def sees_standings(self, place: Place) -> bool:
        """Whether they may know who is ahead in a competition."""
        competition, team_id = place
        visibility = competition.scoreboard_visibility
        plays = visibility == "players" and team_id is not None
        return visibility == "public" or plays or self.is_operator(competition.id)

    def require_standings(self, place: Place) -> None:
        """Raise `scoreboard_hidden` where they may not know who is ahead."""
        if not self.sees_standings(place):
            visibility = place.competition.scoreboard_visibility
            whom = "whoever runs it" if visibility == "hidden" else "those who take part in it"
            raise Forbidden(
                "scoreboard_hidden",
                f"The standings of this competition are shown to {whom}.",
                scoreboard_visibility=visibility,
            )

    def frozen_at(self, competition: Competition) -> datetime | None:
        """The freeze that hides later solves from them; None: none does."""
        freeze = competition.freezes_at
        frozen = freeze is not None and freeze <= competition.time_at(self.moment)
        return freeze if frozen and not self.is_operator(competition.id) else None

    def solves_until(self, place: Place) -> datetime | None:
        """The moment from which on solves do not count for them; None: every solve counts."""
        return self.frozen_at(place.competition) if self.sees_standings(place) else NEVER

    def until_changes(self, competition: Competition) -> float | None:
        """The start or freeze that will end what they see now, Unix time; None when none will."""
        if self.is_operator(competition.id) or competition.paused_at is not None:
            return None
        ahead = [
            moment
            for moment in (competition.starts_at, competition.freezes_at)
            if moment is not None and moment > self.moment
        ]
        return min(ahead).timestamp() if ahead else None

    async def stream_rights(self, database: Database) -> Rights:
        """What the event stream sends a caller: `Sight.events` for one event after the other."""
        caller = self.caller
        if caller is None:
            return Rights()
        own = await database.read(_own_teams(self.sight), **self.values)
        hidden = await database.read(_hidden(self.sight), **self.values)
        return Rights(
            caller.is_admin,
            frozenset(row.team_id for row in own),
            frozenset(row.competition_id for row in own) | caller.runs,
            caller.runs,
            frozenset(row.id for row in hidden if row.unknown),
            caller.sees_competition,
            frozenset((row.competition_id, row.bracket) for row in own if row.bracket),
            frozenset(row.id for row in hidden if row.without_standings),
        )


@functools.cache
def _own_teams(sight: Sight) -> Statement:
    return Statement(
        select(TeamMember.team_id, TeamMember.competition_id, Team.bracket)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.user_id == ME, sight.reaches(TeamMember.competition_id))
    )


@functools.cache
def _hidden(sight: Sight) -> Statement:
    unknown, without = ~sight.competitions(), ~sight.sees_standings()
    return Statement(
        select(Competition.id, unknown.label("unknown"), without.label("without_standings")).where(
            or_(unknown, without)
        )
    )


def _not_found() -> NotFound:
    return NotFound("competition_not_found", "There is no such competition.")


def counting(at: Any) -> ColumnElement[bool]:
    """The condition that a row's competition had not ended at a moment: `is_over_at`."""
    return or_(Competition.ends_at.is_(None), at < Competition.ends_at)


def _of_competition(competition_id: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition on competitions, asked of the one whose id is in a column."""
    found = select(Competition.id).where(condition).correlate_except(Competition)
    return competition_id.in_(found)  # type: ignore[no-any-return]


def audience_of(competition: Competition) -> Audience:
    """Who hears of a competition's teams: everybody only where it is open to all."""
    shown = competition.access == "public" and competition.status == "published"
    return Audience.EVERYBODY if shown else Audience.COMPETITION


def tells_solves(competition: Competition, moment: datetime) -> bool:
    """Whether those who take part may know of what others solve now."""
    return View(moment=moment).solves_until(Place(competition, "")) is None


def audience_of_solves(competition: Competition, moment: datetime) -> Audience:
    """Who hears of what others solved: whoever sees the standings, and no freeze hides it from."""
    if not tells_solves(competition, moment):
        return Audience.OPERATORS
    for_all = competition.scoreboard_visibility == "public"
    return audience_of(competition) if for_all else Audience.COMPETITION


def audience_of_changes(competition: Competition) -> Audience:
    """Who hears of a competition itself: everybody where they may see it, else administrators."""
    hidden = competition.status != "published" or competition.access == "private_hidden"
    return Audience.ADMINS if hidden else Audience.EVERYBODY
