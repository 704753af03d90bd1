"""Writing attempts down: those that arrive together share one transaction.

Nobody is answered before the transaction of their attempt has committed. While one batch is being
written the next one gathers, so a busy platform pays for few commits and a quiet one waits for
nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import String

from ctfy.core.errors import Forbidden
from ctfy.server.cache import Cache
from ctfy.server.database.base import new_id
from ctfy.server.database.connections import Background
from ctfy.server.events.outbox import emit
from ctfy.server.events.types import Audience
from ctfy.server.standings.projection import Standings
from ctfy.server.submissions.events import (
    FlagCorrect,
    FlagEvent,
    FlagPartCorrect,
    FlagWrong,
    ScoreboardUpdated,
)
from ctfy.server.submissions.scoring import Graded, Outcome, Progress, judge
from ctfy.server.tables.incidents import Incident
from ctfy.server.tables.submissions import (
    AnswerDigest,
    ChallengeSolve,
    QuestionAttempts,
    Solve,
    Submission,
)

_MOST = 64
_TEXTS = ARRAY(String)

# Everything about one team and challenge happens one after the other. Locks are taken in one order
# by everybody (team and challenge first, then the challenge's counter), so that batches of several
# replicas cannot wait for one another in a circle.
_LOCK = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(k, 0)), pg_current_xact_id()::text AS xact
    FROM unnest(:keys) AS k
    """
).bindparams(bindparam("keys", type_=_TEXTS))
_PROGRESS = text(
    """
    SELECT k.team_id, k.challenge_id,
      array(SELECT s.question_id FROM solves s
            WHERE s.team_id = k.team_id AND s.challenge_id = k.challenge_id) AS solved,
      (SELECT coalesce(jsonb_object_agg(q.question_id, q.wrong), '{}') FROM question_attempts q
       WHERE q.team_id = k.team_id AND q.challenge_id = k.challenge_id) AS wrong,
      (SELECT c.rank FROM challenge_solves c
       WHERE c.team_id = k.team_id AND c.challenge_id = k.challenge_id) AS rank
    FROM unnest(:teams, :challenges) AS k(team_id, challenge_id)
    """
).bindparams(bindparam("teams", type_=_TEXTS), bindparam("challenges", type_=_TEXTS))
_RANKS = text(
    """
    WITH solved AS (
      SELECT c.competition_id, c.challenge_id, n.times
      FROM unnest(:competitions, :challenges, CAST(:times AS int[]))
        AS n(competition_id, challenge_id, times)
      JOIN competition_challenges c USING (competition_id, challenge_id)
      ORDER BY c.competition_id, c.challenge_id FOR UPDATE OF c
    )
    UPDATE competition_challenges c SET solves = c.solves + solved.times FROM solved
    WHERE c.competition_id = solved.competition_id AND c.challenge_id = solved.challenge_id
    RETURNING c.competition_id, c.challenge_id, c.solves - solved.times AS before
    """
).bindparams(bindparam("competitions", type_=_TEXTS), bindparam("challenges", type_=_TEXTS))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A graded answer on its way into the database.

    `audience`: who hears that the scoreboard changed. `digest`: of an answer that could be another
    team's. `wrapped`: it looks like a flag that nobody decoded.
    """

    id: str
    competition_id: str
    audience: Audience
    team_id: str
    team_name: str
    user_id: str
    challenge_id: str
    instance_id: str | None
    answer: str
    grade: Graded
    solve_time_s: float
    submitted_at: datetime
    digest: str | None
    wrapped: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an attempt. `rank`: the team's on the challenge; 0 until it is solved."""

    outcome: Outcome
    rank: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    attempt: Attempt
    done: asyncio.Future[Recorded]


class SubmissionWriter:
    """Records this replica's attempts, in batches."""

    def __init__(self, database: Background, cache: Cache, standings: Standings) -> None:
        self._database = database
        self._cache = cache
        self._standings = standings
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, attempt: Attempt) -> Recorded:
        """Record one attempt; returns once it is committed, and this replica shows it.

        Raises `challenge_out_of_competition`.
        """
        done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(attempt, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        return await done

    async def open(self) -> None:
        """Do nothing: the first attempt begins the writing."""

    async def close(self) -> None:
        """Finish what is being written."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            if not await self._commit(batch):
                # One attempt spoiled it for all, a team that is gone for instance: each alone.
                for one in batch:
                    await self._commit([one])

    async def _commit(self, batch: list[_Waiting]) -> bool:
        """Write a batch; False when it failed and its attempts are to be tried one by one."""
        try:
            async with self._database.transaction() as session:
                xact, recorded, events = await _record(session, [one.attempt for one in batch])
        except Exception as error:
            if len(batch) > 1:
                return False
            if not batch[0].done.done():
                batch[0].done.set_exception(error)
            return True
        # Whoever is answered now reads what they did, without waiting for the relay.
        for event in events:
            self._standings.apply_committed(event, xact)
            self._cache.invalidate(event.topics)
        for one, result in zip(batch, recorded, strict=True):
            if not one.done.done():  # its caller may have gone
                one.done.set_result(result)
        return True


async def _record(
    session: AsyncSession, attempts: list[Attempt]
) -> tuple[int, list[Recorded], list[FlagEvent]]:
    """Judge attempts in their order and write down what they bring; the transaction's id, too."""
    pairs = sorted({(a.team_id, a.challenge_id) for a in attempts})
    keys = [f"{team_id}|{challenge_id}" for team_id, challenge_id in pairs]
    xact = int((await session.execute(_LOCK, {"keys": keys})).all()[0].xact)
    values = {"teams": [p[0] for p in pairs], "challenges": [p[1] for p in pairs]}
    rows = (await session.execute(_PROGRESS, values)).all()
    reached = {(row.team_id, row.challenge_id): row.rank or 0 for row in rows}
    progress = {
        (row.team_id, row.challenge_id): Progress(set(row.solved), dict(row.wrong)) for row in rows
    }
    outcomes = [judge(a.grade, progress[a.team_id, a.challenge_id]) for a in attempts]
    judged = list(zip(attempts, outcomes, strict=True))
    ranks = await _new_ranks(session, judged)
    await _insert(session, judged, ranks)
    await _report_shared_answers(session, judged)
    events = [
        _event(attempt, outcome, ranks)
        for attempt, outcome in judged
        if outcome.is_recorded
        and attempt.grade.scores
        and not (attempt.grade.correct and outcome.solved_before)
    ]
    for event in events:
        emit(session, event, actor_id=event.user_id)
    # One for all that a batch changed in a competition.
    changed = {a.competition_id: a.audience for a, o in judged if o.solves_question}
    for competition_id, audience in changed.items():
        emit(session, ScoreboardUpdated(competition_id=competition_id), audience=audience)
    recorded = []
    for a, outcome in judged:  # each as of its turn: one before the last answer solved nothing yet
        pair = (a.team_id, a.challenge_id)
        if outcome.solves_challenge:
            reached[pair] = ranks[pair]
        recorded.append(Recorded(outcome, reached[pair]))
    return xact, recorded, events


_Judged = list[tuple[Attempt, Outcome]]


async def _new_ranks(session: AsyncSession, judged: _Judged) -> dict[tuple[str, str], int]:
    """The ranks of the teams that now solved a challenge, in the order of their attempts."""
    solves = [a for a, outcome in judged if outcome.solves_challenge]
    if not solves:
        return {}
    times = sorted(Counter((a.competition_id, a.challenge_id) for a in solves).items())
    rows = await session.execute(
        _RANKS,
        {
            "competitions": [competition_id for (competition_id, _), _ in times],
            "challenges": [challenge_id for (_, challenge_id), _ in times],
            "times": [count for _, count in times],
        },
    )
    reached = {(row.competition_id, row.challenge_id): row.before for row in rows}
    ranks = {}
    for attempt in solves:
        challenge = (attempt.competition_id, attempt.challenge_id)
        if challenge not in reached:
            raise Forbidden(
                "challenge_out_of_competition",
                "This challenge is not part of that competition any more.",
            )
        reached[challenge] += 1
        ranks[attempt.team_id, attempt.challenge_id] = reached[challenge]
    return ranks


async def _insert(
    session: AsyncSession, judged: _Judged, ranks: dict[tuple[str, str], int]
) -> None:
    wrong = {
        (a.team_id, a.challenge_id, a.grade.question_id): outcome.wrong
        for a, outcome in judged
        if outcome.counts_as_wrong
    }
    if wrong:
        counted = upsert(QuestionAttempts).on_conflict_do_update(
            index_elements=["team_id", "challenge_id", "question_id"],
            set_={"wrong": upsert(QuestionAttempts).excluded.wrong},
        )
        names = ("team_id", "challenge_id", "question_id", "wrong")
        await session.execute(
            counted, [dict(zip(names, (*key, n), strict=True)) for key, n in wrong.items()]
        )
    rows: dict[type[Submission | Solve | ChallengeSolve], list[dict[str, Any]]] = {
        Submission: [],
        Solve: [],
        ChallengeSolve: [],
    }
    for a, outcome in judged:
        if not (outcome.is_recorded and a.grade.scores):
            continue
        whose = {
            "team_id": a.team_id,
            "challenge_id": a.challenge_id,
            "competition_id": a.competition_id,
        }
        answered = {**whose, "user_id": a.user_id, "question_id": a.grade.question_id}
        rows[Submission].append(
            {
                **answered,
                "id": a.id,
                "instance_id": a.instance_id,
                "answer": a.answer,
                "correct": a.grade.correct,
                "solve_time_s": a.solve_time_s,
                "submitted_at": a.submitted_at,
            }
        )
        if outcome.solves_question:
            rows[Solve].append({**answered, "submission_id": a.id, "solved_at": a.submitted_at})
        if outcome.solves_challenge:
            rank = ranks[a.team_id, a.challenge_id]
            rows[ChallengeSolve].append({**whose, "rank": rank, "solved_at": a.submitted_at})
    for table, values in rows.items():
        if values:
            await session.execute(insert(table), values)


async def _report_shared_answers(session: AsyncSession, judged: _Judged) -> None:
    """Report who gave an answer that another team's instance holds."""
    suspects = [
        a for a, outcome in judged if outcome.is_recorded and a.digest and not a.grade.correct
    ]
    if not suspects:
        return
    found = await session.scalars(
        select(AnswerDigest).where(AnswerDigest.digest.in_([a.digest for a in suspects]))
    )
    owners = {owner.digest: owner for owner in found}
    for a in suspects:
        owner = owners.get(a.digest or "")
        if owner is not None and owner.team_id != a.team_id:
            session.add(
                Incident(
                    id=new_id(),
                    kind="shared_answer",
                    competition_id=a.competition_id,
                    team_id=a.team_id,
                    user_id=a.user_id,
                    challenge_id=a.challenge_id,
                    question_id=a.grade.question_id,
                    submission_id=a.id if a.grade.scores else None,
                    other_team_id=owner.team_id,
                    other_instance_id=owner.instance_id,
                    created_at=a.submitted_at,
                )
            )


def _event(attempt: Attempt, outcome: Outcome, ranks: dict[tuple[str, str], int]) -> FlagEvent:
    cap = attempt.grade.cap
    fields: dict[str, Any] = {
        "team_id": attempt.team_id,
        "team_name": attempt.team_name,
        "challenge_id": attempt.challenge_id,
        "competition_id": attempt.competition_id,
        "instance_id": attempt.instance_id or "",
        "question_id": attempt.grade.question_id,
        "submission_id": attempt.id,
        "user_id": attempt.user_id,
        "submitted_at_ts": attempt.submitted_at.timestamp(),
        "solve_time_s": attempt.solve_time_s,
        "attempts_remaining": None if cap is None else max(0, cap - outcome.wrong),
    }
    if not attempt.grade.correct:
        return FlagWrong(**fields, wrapped=attempt.wrapped or None)
    if outcome.solves_challenge:
        return FlagCorrect(**fields, solve_rank=ranks[attempt.team_id, attempt.challenge_id])
    return FlagPartCorrect(**fields)
