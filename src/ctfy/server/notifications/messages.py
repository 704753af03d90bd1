"""What the outside may hear of, and in which words.

The rule is the players' own: what they may not see is not told outside either. `reach` says who
could see it: everybody, who takes part in the competition, or operators alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access.view import audience_of_solves, takes_part
from ctfy.server.announcements.events import AnnouncementCreated
from ctfy.server.events.relay import RelayedEvent
from ctfy.server.events.types import Audience, Event
from ctfy.server.incidents.events import IncidentReported
from ctfy.server.nodes.events import NodeRecovered, NodeUnhealthy
from ctfy.server.submissions.events import FlagCorrect
from ctfy.server.tables.announcements import Announcement
from ctfy.server.tables.competitions import Competition, CompetitionChallenge
from ctfy.server.tables.teams import Team
from ctfy.server.tasks.events import TaskFailed
from ctfy.server.teams.events import TeamRegistered

Reach = Literal["everybody", "competition", "operators"]
_REACH: dict[Audience, Reach] = {
    Audience.EVERYBODY: "everybody",
    Audience.COMPETITION: "competition",
}
FIRST_BLOOD = "first_blood"
# Players choose their names: none may call everybody in a chat, or be a link there.
_TAMED = str.maketrans({"@": "@\u200b", "<": "‹", ">": "›", "[": "(", "]": ")", "`": "'"})


@dataclass(frozen=True, slots=True)
class Message:
    """Something that happened. `kinds`: whoever asked for one of them is told."""

    kinds: tuple[str, ...]
    reach: Reach
    at: datetime
    text: str
    competition_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    def is_for(self, kinds: list[str], competition_id: str | None, since: datetime) -> bool:
        """Whether a channel of these kinds, made at a moment, tells it.

        What only those who take part may see goes to that competition's own channels alone.
        """
        if not set(kinds) & set(self.kinds) or self.at < since:
            return False
        if competition_id is not None:
            return competition_id == self.competition_id
        return self.reach != "competition"

    @property
    def wire(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "event": self.kinds[0],
            "at": self.at.isoformat(),
            "text": self.text,
            "data": self.data,
        }


KINDS: frozenset[type[Event]] = frozenset(
    {
        FlagCorrect,
        TeamRegistered,
        AnnouncementCreated,
        IncidentReported,
        NodeUnhealthy,
        NodeRecovered,
        TaskFailed,
    }
)


class Scene:
    """What the events of a batch are about, read once for all of them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.competitions: dict[str, Competition] = {}
        self.teams: dict[str, str] = {}
        self.counting: set[str] = set()
        self.offered: set[tuple[str, str]] = set()
        self.announcements: dict[str, Announcement] = {}

    async def load(self, session: AsyncSession, events: list[RelayedEvent]) -> None:
        """Read it."""
        competitions = {event.competition_id for event in events} - {""}
        teams = {event.team_id for event in events if event.team_id}
        told = {str(event.payload.get("announcement_id", "")) for event in events} - {""}
        if competitions:
            found = await session.scalars(
                select(Competition).where(Competition.id.in_(competitions))
            )
            self.competitions = {competition.id: competition for competition in found}
            challenges = select(
                CompetitionChallenge.competition_id, CompetitionChallenge.challenge_id
            ).where(
                CompetitionChallenge.competition_id.in_(competitions),
                CompetitionChallenge.state == "visible",
            )
            self.offered = {(row[0], row[1]) for row in await session.execute(challenges)}
        if teams:
            query = select(Team.id, Team.name, takes_part(Team.id)).where(Team.id.in_(teams))
            for id_, name, counts in await session.execute(query):
                self.teams[id_] = name
                self.counting |= {id_} if counts else set()
        if told:
            rows = await session.scalars(select(Announcement).where(Announcement.id.in_(told)))
            self.announcements = {row.id: row for row in rows}

    def message(self, event: RelayedEvent) -> Message | None:
        """What is told of an event; None where it is for nobody outside."""
        if event.kind is FlagCorrect:
            return self._solve(event)
        if event.kind is TeamRegistered:
            return self._team(event)
        if event.kind is AnnouncementCreated:
            return self._announcement(event)
        return self._operators(event)

    def _solve(self, event: RelayedEvent) -> Message | None:
        """A team that counts solved what shows, while it runs and no freeze hides it."""
        competition = self.competitions.get(event.competition_id)
        challenge_id = str(event.payload.get("challenge_id", ""))
        if (
            competition is None
            or competition.status != "published"
            or competition.phase_at(event.created_at) != "running"
            or event.team_id not in self.counting
            or (competition.id, challenge_id) not in self.offered
        ):
            return None
        reach = _REACH.get(audience_of_solves(competition, event.created_at))
        challenge = self._catalogue.get(challenge_id)
        if reach is None or challenge is None:
            return None
        first = event.payload.get("solve_rank") == 1
        name = challenge.metadata.name
        solved = f"{_tamed(self.teams[event.team_id])} solved {name} · {competition.title}"
        return Message(
            kinds=(FIRST_BLOOD, event.name) if first else (event.name,),
            reach=reach,
            at=event.created_at,
            text=f"First blood: {solved}" if first else solved,
            competition_id=competition.id,
            data={
                **self._about(event),
                "challenge_id": challenge_id,
                "challenge_name": name,
                "solve_rank": event.payload.get("solve_rank"),
            },
        )

    def _team(self, event: RelayedEvent) -> Message | None:
        reach = _REACH.get(event.audience)
        competition = self.competitions.get(event.competition_id)
        if reach is None or competition is None or event.team_id not in self.counting:
            return None
        name = _tamed(self.teams[event.team_id])
        return self._told(event, reach, f"{name} takes part · {competition.title}")

    def _announcement(self, event: RelayedEvent) -> Message | None:
        """One to everybody, or to all who take part: none to a bracket or a team."""
        reach = _REACH.get(event.audience)
        announcement = self.announcements.get(str(event.payload["announcement_id"]))
        if reach is None or announcement is None:
            return None
        text = f"{announcement.title}\n{announcement.body}".strip()
        data = {
            "announcement_id": announcement.id,
            "title": announcement.title,
            "body": announcement.body,
            "severity": announcement.severity,
        }
        return self._told(event, reach, text, **data)

    def _operators(self, event: RelayedEvent) -> Message:
        payload = event.payload
        if event.kind is IncidentReported:
            competition = self.competitions.get(event.competition_id)
            named = [payload.get("summary", ""), self.teams.get(event.team_id or "", "")]
            where = f" · {competition.title}" if competition else ""
            text = f"Incident: {', '.join(_tamed(str(name)) for name in named if name)}{where}"
            data = {"incident_id": payload.get("incident_id"), "summary": payload.get("summary")}
        elif event.kind is TaskFailed:
            text = f"Task failed: {payload.get('task_kind')}: {payload.get('error') or ''}"
            data = {"task_id": payload.get("task_id"), "task_kind": payload.get("task_kind")}
        else:
            fell = "has fallen silent" if event.kind is NodeUnhealthy else "is back"
            text = f"Node {payload.get('display_name')} {fell}"
            data = {"node_id": payload.get("node_id"), "node_name": payload.get("display_name")}
        return self._told(event, "operators", text, **data)

    def _told(self, event: RelayedEvent, reach: Reach, text: str, **data: Any) -> Message:
        return Message(
            kinds=(event.name,),
            reach=reach,
            at=event.created_at,
            text=text,
            competition_id=event.competition_id,
            data={**self._about(event), **data},
        )

    def _about(self, event: RelayedEvent) -> dict[str, Any]:
        competition = self.competitions.get(event.competition_id)
        about: dict[str, Any] = {}
        if competition is not None:
            about |= {"competition_id": competition.id, "competition_title": competition.title}
        if event.team_id in self.teams:
            about |= {"team_id": event.team_id, "team_name": self.teams[event.team_id]}
        return about


def _tamed(name: str) -> str:
    return name.translate(_TAMED)
