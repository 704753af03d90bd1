"""A competition played step by step, and a replica that hears of it when the test says so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

from ctfy.challenge.catalogue import Catalogue
from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.access.view import Place, View
from ctfy.server.database.connections import Background
from ctfy.server.database.peers import Peers
from ctfy.server.domains import DOMAINS
from ctfy.server.events.relay import Position, Relay, RelayedEvent
from ctfy.server.events.types import OnBoard
from ctfy.server.standings import statistics
from ctfy.server.standings.projection import Standings, draw
from ctfy.server.tables.competitions import Competition
from tests.processes import wait_for

Result = TypeVar("Result")
Audience = Literal["operators", "players"]
AUDIENCES: tuple[Audience, ...] = ("operators", "players")

_ANSWERS = {OnBoard.ATTEMPT, OnBoard.ANSWER, OnBoard.SOLVE}
CHALLENGES = {
    "falling": """
name: Falling
description: Worth less with every team that solves it.
difficulty: easy
tags: [t]
value: {initial: 500, minimum: 100, decay: 2}
hints: [{id: hint, text: Look., cost: 30}]
questions:
  - {id: first, prompt: One?, answer: right}
  - {id: second, prompt: Two?, answer: right}
""",
    "plain": """
name: Plain
description: Worth as much to everybody.
difficulty: easy
tags: [t]
value: 100
hints: [{id: hint, text: Look., cost: 300}]
questions: [{id: only, prompt: What?, answer: right}]
""",
}


class Replica:
    """A server's standings without the server: events reach it when the test says so."""

    def __init__(self, database_url: str, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._runner = asyncio.Runner()
        assert DOMAINS  # they bring the types of events
        self._database = Background(database_url)
        self._relay = Relay(self._database, Peers())
        self._position = Position()
        self._untold: deque[RelayedEvent] = deque()
        self._own: list[RelayedEvent] = []  # answers that it may have recorded itself
        self._standings = Standings(self._database, catalogue, self._relay, self._database)

    def close(self) -> None:
        self._run(self._database.close())
        self._runner.close()

    def restart(self) -> None:
        """Forget all boards; what happened so far is not told any more."""
        self._standings = Standings(self._database, self._catalogue, self._relay, self._database)
        self._listen()
        self._untold.clear()
        self._own.clear()

    def tell(self, most: int | None = None) -> None:
        """Hand over the oldest events that it did not hear of; without a number, all."""
        self._listen()
        for _ in range(len(self._untold) if most is None else min(most, len(self._untold))):
            self._standings.apply(self._untold.popleft())

    def record(self) -> None:
        """Apply the answers since the last time as the process that committed them does."""
        self._listen()
        for event in self._own:
            assert event.kind
            self._standings.apply_committed(event.kind(**event.payload), event.position.xact)
        self._own.clear()

    def look(self, competition_id: str, audience: Audience) -> dict[str, object]:
        """Everything that is drawn from the board."""
        return self._run(self._drawn(self._standings, competition_id, audience))

    def look_anew(self, competition_id: str, audience: Audience) -> dict[str, object]:
        """The same, from a board that was read from the database just now."""
        fresh = Standings(self._database, self._catalogue, self._relay, self._database)
        return self._run(self._drawn(fresh, competition_id, audience))

    def _listen(self) -> None:
        def heard() -> bool:
            events, more = self._run(self._relay.read(self._position))
            self._untold.extend(events)
            self._own += [e for e in events if e.kind and e.kind.board in _ANSWERS]
            if events:
                self._position = events[-1].position
            return not more

        wait_for("all events", heard)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    async def _drawn(
        self, standings: Standings, competition_id: str, audience: Audience
    ) -> dict[str, object]:
        if audience == "operators":
            shown = await standings.live(competition_id)
        else:
            async with self._database.transaction() as session:
                competition = await session.get_one(Competition, competition_id)
            shown = await standings.seen_by(View(), Place(competition))
        # Drawn here and now: a reader may be given rows that are up to 20 ms old.
        snapshot = draw(shown.board)
        catalogue = self._catalogue
        return {
            "standings": snapshot.entries,
            "history": statistics.history(snapshot, 10).series,
            "distribution": statistics.distribution(snapshot),
            "matrix": statistics.matrix(snapshot, catalogue),
            "breakdown": statistics.breakdown(snapshot, catalogue).challenges,
            "feed": statistics.ctftime(snapshot, catalogue),
            "latest": statistics.latest(snapshot, catalogue, 10),
        }


@dataclass
class Game:
    """Four people and a competition: the first two are a team, the third is one alone."""

    admin: PlatformClient
    people: list[PlatformClient]
    ids: list[str]
    replica: Replica
    competition_id: str = ""

    def begin(self) -> None:
        """A competition of its own, of which the replica has heard nothing."""
        created = self.admin.admin.competitions.create(
            title="Cup",
            challenge_ids=list(CHALLENGES),
            status="published",
            rank_by="points",
            practice=True,
        )
        self.competition_id = created.id
        for step in (Enters(0), Enters(2), Joins(1, 0)):
            step.take(self)
        self.replica.restart()

    def play(self, *steps: Step) -> None:
        """Take the steps; one that the platform refuses changes nothing."""
        for step in steps:
            try:
                step.take(self)
            except CtfyApiError as refused:
                if refused.status_code >= 500:
                    raise

    def drawn(self) -> dict[str, object]:
        """What the database holds, as operators see it."""
        return self.replica.look_anew(self.competition_id, "operators")

    def end(self) -> None:
        """Let everybody in again, for the next game."""
        for user_id in self.ids:
            self.admin.admin.users.reinstate(user_id)

    def competition(self, person: int) -> Any:
        return self.people[person].competition(self.competition_id)


class Step(Protocol):
    """Something that happens in a game."""

    def take(self, game: Game) -> None: ...


@dataclass
class Answers:
    person: int
    question: tuple[str, str]
    answer: str = "right"

    def take(self, game: Game) -> None:
        challenge_id, question_id = self.question
        game.people[self.person].submissions.submit_qa(
            challenge_id, game.competition_id, self.answer, question_id=question_id
        )


@dataclass
class TakesHint:
    person: int
    challenge_id: str

    def take(self, game: Game) -> None:
        game.competition(self.person).unlock_hint(self.challenge_id, "hint")


@dataclass
class Enters:
    person: int

    def take(self, game: Game) -> None:
        game.competition(self.person).register()


@dataclass
class Joins:
    person: int
    captain: int

    def take(self, game: Game) -> None:
        code = game.competition(self.captain).team.invites.create().code
        game.competition(self.person).register("join", code=code)


@dataclass
class Leaves:
    person: int

    def take(self, game: Game) -> None:
        game.competition(self.person).team.leave()


@dataclass
class Kicks:
    captain: int
    person: int

    def take(self, game: Game) -> None:
        game.competition(self.captain).team.kick(game.ids[self.person])


@dataclass
class Renames:
    person: int
    name: str

    def take(self, game: Game) -> None:
        game.competition(self.person).team.rename(name=self.name)


@dataclass
class IsSuspended:
    person: int

    def take(self, game: Game) -> None:
        game.admin.admin.users.suspend(game.ids[self.person])


@dataclass
class IsReinstated:
    person: int

    def take(self, game: Game) -> None:
        game.admin.admin.users.reinstate(game.ids[self.person])


@dataclass
class FreezeIsSet:
    """To so many minutes from now; None: never."""

    minutes: int | None

    def take(self, game: Game) -> None:
        moment = None
        if self.minutes is not None:
            moment = datetime.now(UTC) + timedelta(minutes=self.minutes)
        game.admin.admin.competitions.update(game.competition_id, freezes_at=moment)


@dataclass
class EndIsSet:
    """To so many minutes from now; None: never. After it, they go on for practice."""

    minutes: int | None

    def take(self, game: Game) -> None:
        moment = None
        if self.minutes is not None:
            moment = datetime.now(UTC) + timedelta(minutes=self.minutes)
        game.admin.admin.competitions.update(game.competition_id, ends_at=moment)


@dataclass
class IsEdited:
    changes: dict[str, Any]

    def take(self, game: Game) -> None:
        game.admin.admin.competitions.update(game.competition_id, **self.changes)


@dataclass
class IsGiven:
    """Somebody's team gets points; without any, the newest award of the competition is revoked."""

    person: int
    points: int = 0

    def take(self, game: Game) -> None:
        awards, where = game.admin.admin.awards, game.competition_id
        if self.points:
            team_id = game.people[self.person].competitions.get(where).my_team_id or "none"
            awards.give(where, team_id, points=self.points, reason="because")
        for award in awards.list(where, limit=1) if not self.points else ():
            awards.revoke(where, award.id)


@dataclass
class Stands:
    person: int
    standing: str

    def take(self, game: Game) -> None:
        team_id = (
            game.people[self.person].competitions.get(game.competition_id).my_team_id or "none"
        )
        teams = game.admin.admin.teams
        teams.update(game.competition_id, team_id, standing=self.standing)


@dataclass
class IsTurned:
    """The newest submission but so many counts as right where it was wrong, and the other way."""

    place: int

    def take(self, game: Game) -> None:
        submissions, where = game.admin.admin.submissions, game.competition_id
        for each in submissions.list(where, offset=self.place, limit=1):
            turn = submissions.strike if each.correct else submissions.accept
            turn(where, each.id)


@dataclass
class PracticeIsAccepted:
    """What was answered wrong since the end counts as right."""

    def take(self, game: Game) -> None:
        submissions, where = game.admin.admin.submissions, game.competition_id
        ends_at = game.admin.competitions.get(where).ends_at
        for each in submissions.list(where, limit=50):
            if ends_at and each.submitted_at >= ends_at and not each.correct:
                submissions.accept(where, each.id)


@dataclass
class ReplicaShows:
    audience: Audience

    def take(self, game: Game) -> None:
        game.replica.look(game.competition_id, self.audience)


@dataclass
class ReplicaHears:
    most: int

    def take(self, game: Game) -> None:
        game.replica.tell(self.most)


@dataclass
class ReplicaRecords:
    """The answers since the last time were its own: it shows them at once."""

    def take(self, game: Game) -> None:
        game.replica.record()


@dataclass
class AllIsCompared:
    """Once the replica heard everything, it shows what the database holds."""

    def take(self, game: Game) -> None:
        game.replica.tell()
        for audience in AUDIENCES:
            followed = game.replica.look(game.competition_id, audience)
            assert followed == game.replica.look_anew(game.competition_id, audience), audience
