"""Incidents: found, looked at, closed."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ctfy.core.errors import NotFound
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.events.outbox import emit
from ctfy.server.incidents.events import IncidentReported, IncidentUpdated
from ctfy.server.models.incidents import IncidentInfo, IncidentPatch
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.incidents import Incident
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import Team

BURST = 30  # wrong answers of one team to one challenge within a minute: nobody types so fast
CROWD = 3  # teams of one competition that one address signs in for


def listed(
    *, kind: str = "", status: str = "", competition_id: str = "", team_id: str = ""
) -> Select[*tuple[Any, ...]]:
    """Incidents, newest first; empty values match everything."""
    other = aliased(Team)
    query = (
        select(
            Incident,
            Competition.title,
            Team.name.label("team_name"),
            User.display_name,
            other.name.label("other_team_name"),
            Submission.answer,
            Submission.submitted_at,
        )
        .join(Competition, Competition.id == Incident.competition_id)
        .outerjoin(Team, Team.id == Incident.team_id)
        .outerjoin(User, User.id == Incident.user_id)
        .outerjoin(other, other.id == Incident.other_team_id)
        .outerjoin(Submission, Submission.id == Incident.submission_id)
        .order_by(Incident.created_at.desc(), Incident.id)
    )
    for column, value in (
        (Incident.kind, kind),
        (Incident.status, status),
        (Incident.competition_id, competition_id),
    ):
        if value:
            query = query.where(column == value)
    if team_id:
        query = query.where((Incident.team_id == team_id) | (Incident.other_team_id == team_id))
    return query


def info(row: Row[*tuple[Any, ...]]) -> IncidentInfo:
    """A row of `listed` on the wire."""
    incident: Incident = row.Incident
    evidence = dict(incident.evidence)
    if incident.kind == "shared_answer":
        evidence |= {
            "answer": row.answer,
            "submission_id": incident.submission_id,
            "submitted_at": row.submitted_at.isoformat() if row.submitted_at else None,
            "belongs_to_instance_id": incident.other_instance_id,
            "belongs_to_team_id": incident.other_team_id,
        }
    return IncidentInfo(
        id=incident.id,
        kind=incident.kind,
        status=incident.status,
        competition_id=incident.competition_id,
        competition_title=row.title,
        team_id=incident.team_id or "",
        team_name=row.team_name or "",
        user_id=incident.user_id or "",
        user_name=row.display_name or "",
        other_team_id=incident.other_team_id or "",
        other_team_name=row.other_team_name or "",
        challenge_id=incident.challenge_id,
        question_id=incident.question_id,
        evidence=evidence,
        created_at=incident.created_at,
        note=incident.note,
        resolved_by=incident.resolved_by or "",
        resolved_at=incident.resolved_at,
    )


async def get(session: AsyncSession, incident_id: str) -> IncidentInfo:
    """One incident. Raises `incident_not_found`."""
    row = (await session.execute(listed().where(Incident.id == incident_id))).one_or_none()
    if row is None:
        raise NotFound("incident_not_found", "There is no such incident.")
    return info(row)


async def resolve(
    session: AsyncSession, caller_id: str, incident_id: str, body: IncidentPatch
) -> IncidentInfo:
    """Say what became of an incident. Raises `incident_not_found`."""
    incident = await session.get(Incident, incident_id, with_for_update=True)
    if incident is None:
        raise NotFound("incident_not_found", "There is no such incident.")
    before = {"status": incident.status, "note": incident.note}
    incident.status, incident.note = body.status, body.note
    closed = body.status != "open"
    incident.resolved_by = caller_id if closed else None
    incident.resolved_at = now() if closed else None
    emit(
        session,
        IncidentUpdated(
            incident_id=incident_id,
            team_id=incident.team_id or "",
            competition_id=incident.competition_id,
        ),
        before=before,
        after={"status": body.status, "note": body.note},
        actor_id=caller_id,
    )
    await session.flush()
    return await get(session, incident_id)


# From each wrong answer on for a minute, and told of once for those that begin in one minute: a
# burst is one, too, while the clock turns to the next.
_BURSTS = text(
    """
    WITH wrong AS (
        SELECT competition_id, team_id, challenge_id, user_id, answer, submitted_at,
               count(*) OVER (
                   PARTITION BY competition_id, team_id, challenge_id ORDER BY submitted_at
                   RANGE BETWEEN CURRENT ROW AND interval '1 minute' FOLLOWING
               ) AS times
        FROM submissions
        WHERE NOT correct AND submitted_at >= now() - interval '10 minutes'
    ), bursts AS (
        SELECT competition_id, team_id, challenge_id, date_trunc('minute', submitted_at) AS minute,
               min(submitted_at) AS since, max(times) AS times
        FROM wrong WHERE times >= :burst GROUP BY 1, 2, 3, 4
    )
    SELECT b.competition_id, b.team_id, b.challenge_id, b.minute, b.times,
           count(DISTINCT w.user_id) AS people, min(w.user_id) AS user_id,
           (array_agg(DISTINCT left(w.answer, 80)))[1:5] AS samples
    FROM bursts b JOIN wrong w USING (competition_id, team_id, challenge_id)
    WHERE w.submitted_at BETWEEN b.since AND b.since + interval '1 minute'
    GROUP BY 1, 2, 3, 4, 5
    """
)
_CROWDS = text(
    """
    SELECT m.competition_id, t.ip_address, array_agg(DISTINCT m.team_id ORDER BY m.team_id) AS teams
    FROM tokens t JOIN team_members m ON m.user_id = t.user_id
    JOIN competitions c ON c.id = m.competition_id AND c.status = 'published'
    WHERE t.ip_address NOT IN ('', '127.0.0.1', '::1')
      AND t.created_at >= now() - interval '1 day'
    GROUP BY 1, 2 HAVING count(DISTINCT m.team_id) >= :crowd
    """
)


async def scan(database: Database) -> str:
    """Look for bursts of wrong answers, and for addresses behind many teams; what was found."""
    async with database.transaction() as session:
        found = 0
        for row in (await session.execute(_BURSTS, {"burst": BURST})).all():
            found += await _report(
                session,
                f"burst {row.team_id} {row.challenge_id} {row.minute.isoformat()}",
                kind="wrong_burst",
                competition_id=row.competition_id,
                team_id=row.team_id,
                user_id=row.user_id if row.people == 1 else None,
                challenge_id=row.challenge_id,
                evidence={
                    "minute": row.minute.isoformat(),
                    "wrong_answers": row.times,
                    "people": row.people,
                    "samples": row.samples,
                },
            )
        for row in (await session.execute(_CROWDS, {"crowd": CROWD})).all():
            found += await _report(
                session,
                f"crowd {row.competition_id} {row.ip_address} {' '.join(row.teams)}",
                kind="shared_address",
                competition_id=row.competition_id,
                team_id=None,
                evidence={"address": row.ip_address, "team_ids": row.teams},
            )
    return f"{found} found"


async def _report(session: AsyncSession, about: str, **fields: Any) -> int:
    """Write an incident down unless it is known; 1 when it is new."""
    fingerprint = hashlib.sha256(about.encode()).hexdigest()
    if await session.scalar(select(func.count()).where(Incident.fingerprint == fingerprint)):
        return 0
    incident = Incident(fingerprint=fingerprint, created_at=now(), **fields)
    session.add(incident)
    await session.flush()
    emit(
        session,
        IncidentReported(
            incident_id=incident.id,
            team_id=incident.team_id or "",
            competition_id=incident.competition_id,
            challenge_id=incident.challenge_id,
            summary=incident.kind,
        ),
    )
    return 1
