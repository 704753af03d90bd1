"""Writing attempts down: those that arrive together share one transaction.

Nobody is answered before the transaction of their attempt has committed. While one batch is being
written the next one gathers, so a busy platform pays for few commits and a quiet one waits for
nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, LiteralString, NamedTuple

import structlog
from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import NotFound
from ctfy.server.cache import Cache
from ctfy.server.competitions.events import ScoreboardUpdated
from ctfy.server.database.base import now
from ctfy.server.database.connections import Background, driver_connection
from ctfy.server.database.peers import Peers
from ctfy.server.events.outbox import Emitted, emit_all
from ctfy.server.events.types import Audience
from ctfy.server.incidents.events import IncidentReported
from ctfy.server.standings.projection import Standings
from ctfy.server.submissions.events import (
    FlagCorrect,
    FlagEvent,
    FlagPartCorrect,
    FlagWrong,
)
from ctfy.server.submissions.scoring import Graded, Outcome, Progress, Verdict, judge

log = structlog.get_logger()

_MOST = 64

# Everything about one team and challenge happens one after the other. Locks are taken in one order
# by everybody (team and challenge first, then the challenge's counter; rulings.py, too), so that
# batches of several replicas cannot wait for one another in a circle.
LOCK = """
SELECT pg_current_xact_id()::text, pg_advisory_xact_lock(hashtextextended(k, 0))
FROM unnest(%(keys)s::text[]) AS k
"""
# What somebody got wrong on another team of the competition counts on this one, too.
_PROGRESS = """
SELECT k.team_id, k.challenge_id,
  array(SELECT s.question_id FROM solves s
        WHERE s.team_id = k.team_id AND s.challenge_id = k.challenge_id),
  (SELECT coalesce(jsonb_object_agg(q.question_id, jsonb_build_array(q.wrong, q.given)), '{}')
   FROM (
     SELECT q.question_id, sum(q.wrong) AS wrong, jsonb_agg(q.given) AS given
     FROM question_attempts q
     WHERE q.challenge_id = k.challenge_id AND (q.team_id = k.team_id
       OR q.follows
       AND q.user_id = ANY(ARRAY(SELECT m.user_id FROM team_members m WHERE m.team_id = k.team_id))
       AND q.competition_id = (SELECT t.competition_id FROM teams t WHERE t.id = k.team_id))
     GROUP BY q.question_id) AS q),
  (SELECT 1 + count(e.rank) FROM challenge_solves c LEFT JOIN challenge_solves e
     ON e.competition_id = c.competition_id AND e.challenge_id = c.challenge_id
     AND e.rank < c.rank AND EXISTS (
       SELECT FROM team_members m JOIN users u ON u.id = m.user_id
       JOIN teams t ON t.id = m.team_id
       WHERE m.team_id = e.team_id AND u.suspended_at IS NULL AND t.standing = 'ranked')
   WHERE c.team_id = k.team_id AND c.challenge_id = k.challenge_id GROUP BY c.rank),
  EXISTS (SELECT FROM teams t JOIN competition_challenges c USING (competition_id)
          WHERE t.id = k.team_id AND c.challenge_id = k.challenge_id AND c.state = 'visible'),
  EXISTS (SELECT FROM teams t WHERE t.id = k.team_id AND t.standing = 'ranked')
FROM unnest(%(teams)s::text[], %(challenges)s::text[]) AS k(team_id, challenge_id)
"""
# Of attempts that a client may be sending once more.
_REPEATED = "SELECT id FROM submissions WHERE id = ANY(%(ids)s::text[])"
_RANKS = """
WITH solved AS (
  SELECT c.competition_id, c.challenge_id, n.times
  FROM unnest(%(competitions)s::text[], %(challenges)s::text[], %(times)s::int[])
    AS n(competition_id, challenge_id, times)
  JOIN competition_challenges c USING (competition_id, challenge_id)
  ORDER BY c.competition_id, c.challenge_id FOR UPDATE OF c
)
UPDATE competition_challenges c SET solves = c.solves + solved.times FROM solved
WHERE c.competition_id = solved.competition_id AND c.challenge_id = solved.challenge_id
RETURNING c.competition_id, c.challenge_id, c.solves - solved.times
"""
# A statement of its own, behind the counters' locks: one that waited for another replica's solve
# would not see it.
_COUNTED = """
SELECT c.competition_id, c.challenge_id,
  (SELECT count(*) FROM challenge_solves e
   WHERE e.competition_id = c.competition_id AND e.challenge_id = c.challenge_id
   AND EXISTS (SELECT FROM team_members m JOIN users u ON u.id = m.user_id
               JOIN teams t ON t.id = m.team_id
               WHERE m.team_id = e.team_id AND u.suspended_at IS NULL AND t.standing = 'ranked'))
FROM unnest(%(competitions)s::text[], %(challenges)s::text[]) AS c(competition_id, challenge_id)
"""
# Owners before what they own. Each takes its rows as one JSON array.
_INSERT: dict[str, LiteralString] = {
    "question_attempts": """
INSERT INTO question_attempts AS q SELECT * FROM jsonb_populate_recordset(
  NULL::question_attempts, %(rows)s)
ON CONFLICT (team_id, challenge_id, question_id, user_id)
DO UPDATE SET wrong = q.wrong + excluded.wrong, given = q.given || excluded.given
""",
    "submissions": """
INSERT INTO submissions SELECT * FROM jsonb_populate_recordset(NULL::submissions, %(rows)s)
""",
    "solves": "INSERT INTO solves SELECT * FROM jsonb_populate_recordset(NULL::solves, %(rows)s)",
    "challenge_solves": """
INSERT INTO challenge_solves SELECT * FROM jsonb_populate_recordset(
  NULL::challenge_solves, %(rows)s)
""",
    "incidents": """
INSERT INTO incidents (id, kind, competition_id, team_id, user_id, challenge_id, question_id,
  submission_id, other_team_id, other_instance_id, created_at)
SELECT replace(gen_random_uuid()::text, '-', ''), 'shared_answer', a.competition_id, a.team_id,
  a.user_id, a.challenge_id, a.question_id, a.submission_id, d.team_id, d.instance_id, a.at
FROM jsonb_to_recordset(%(rows)s) AS a(digest text, competition_id text, team_id text,
  user_id text, challenge_id text, question_id text, submission_id text, at timestamptz)
JOIN answer_digests d ON d.digest = a.digest AND d.team_id <> a.team_id
RETURNING id, competition_id, team_id, challenge_id, kind
""",
}
_Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A graded answer on its way into the database.

    `audience`: who hears that the scoreboard changed. `tells_rank`: whether its team may know how
    many others solved the challenge before. `digest`: of an answer that could be another team's.
    `wrapped`: it looks like a flag that nobody decoded. `repeatable`: its id is made from the
    request's idempotency key, so that the same request once more is known by it. `overruled`: it
    would be right, but the same answer of the team was struck. `practice`: it came after the end,
    and counts nowhere.
    """

    id: str
    competition_id: str
    audience: Audience
    tells_rank: bool
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
    repeatable: bool = False
    overruled: bool = False
    practice: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an attempt.

    `solved`: whether the team has the challenge whole. `rank`: its place among the teams that do
    and that somebody is on; 0 until then, and where the attempt does not tell.
    """

    outcome: Outcome
    solved: bool
    rank: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    attempt: Attempt
    done: asyncio.Future[Recorded]


class SubmissionWriter:
    """Records this replica's attempts, in batches."""

    def __init__(
        self, database: Background, peers: Peers, cache: Cache, standings: Standings
    ) -> None:
        self._database = database
        self._peers = peers
        self._cache = cache
        self._standings = standings
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, attempt: Attempt) -> Recorded:
        """Record one attempt; returns once it is committed, and every server here shows it.

        Raises `competition_not_found` where it was deleted meanwhile.
        """
        done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(attempt, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        recorded = await done
        await self._peers.know_of(time.monotonic())
        return recorded

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
                batch[0].done.set_exception(_gone(error) or error)
            return True
        # Whoever is answered now reads what they did, without waiting for the relay. What somebody
        # cached between the commit and this line was drawn without it, so it is stale once more.
        try:
            for event in events:
                self._standings.apply_committed(event, xact)
                self._cache.invalidate(event.topics)
        except Exception:  # the relay brings it again; the answers are committed
            log.exception("answers_not_applied")
        for one, result in zip(batch, recorded, strict=True):
            if not one.done.done():  # its caller may have gone
                one.done.set_result(result)
        return True


def _gone(error: Exception) -> NotFound | None:
    """The refusal where the team or its competition was deleted under the attempt."""
    if not isinstance(error, ForeignKeyViolation):
        return None
    return NotFound("competition_not_found", "Your team's competition is gone.")


def lock_key(team_id: str, challenge_id: str) -> str:
    """What `LOCK` locks for whatever happens to a team's answers to a challenge."""
    return f"{team_id}|{challenge_id}"


async def _record(
    session: AsyncSession, attempts: list[Attempt]
) -> tuple[int, list[Recorded], list[FlagEvent]]:
    """Judge attempts in their order and write down what they bring; the transaction's id, too.

    Straight on the driver, two trips for what a whole batch needs.
    """
    connection = await driver_connection(session)
    pairs = sorted({(a.team_id, a.challenge_id) for a in attempts})
    keys = [lock_key(team_id, challenge_id) for team_id, challenge_id in pairs]
    teams, challenges = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    repeatable = [a.id for a in attempts if a.repeatable]
    async with connection.pipeline():
        locked = await connection.execute(LOCK, {"keys": keys})
        found = await connection.execute(_PROGRESS, {"teams": teams, "challenges": challenges})
        if repeatable:
            before = await connection.execute(_REPEATED, {"ids": repeatable})
    repeated = {row[0] for row in await before.fetchall()} if repeatable else set()
    xact = int((await locked.fetchall())[0][0])
    reached: dict[_Pair, int] = {}
    ranked: set[str] = set()
    progress: dict[_Pair, Progress] = {}
    for team_id, challenge_id, solved, attempted, rank, offered, counts in await found.fetchall():
        ranked |= {team_id} if counts else set()
        reached[team_id, challenge_id] = rank or 0
        wrong = {question_id: times for question_id, (times, _) in attempted.items()}
        given = {question_id: set(chain(*g)) for question_id, (_, g) in attempted.items()}
        progress[team_id, challenge_id] = Progress(
            set(solved), wrong, given, offered, whole=rank is not None
        )
    judged: _Judged = []
    for attempt in attempts:
        standing = progress[attempt.team_id, attempt.challenge_id]
        if attempt.id in repeated:
            so_far = standing.wrong.get(attempt.grade.question_id, 0)
            judged.append((attempt, Outcome(Verdict.REPEATED, wrong=so_far)))
        else:
            outcome = judge(attempt.grade, standing)
            judged.append((attempt, outcome))
            if attempt.repeatable and outcome.is_recorded:
                repeated.add(attempt.id)
    ranks = await _new_ranks(connection, judged, ranked)
    # Each as of its turn: an answer before the last one solved nothing yet.
    recorded: list[Recorded] = []
    events: list[FlagEvent] = []
    emitted: list[Emitted] = []
    for attempt, outcome in judged:
        pair = (attempt.team_id, attempt.challenge_id)
        if outcome.solves_challenge:
            reached[pair] = ranks[pair].told
        counts = attempt.team_id in ranked and not attempt.practice
        told = reached[pair] if attempt.tells_rank and counts else 0
        recorded.append(Recorded(outcome, reached[pair] > 0, told))
        again = attempt.grade.correct and outcome.solved_before
        if outcome.is_recorded and attempt.grade.scores and not again:
            event = _event(attempt, outcome, told)
            events.append(event)
            emitted.append(Emitted(event, attempt.submitted_at, actor_id=event.user_id))
    # One for all that a batch changed in a competition.
    counting = [(a, outcome) for a, outcome in judged if not a.practice]
    changed = {a.competition_id: a.audience for a, outcome in counting if outcome.solves_question}
    for competition_id, audience in changed.items():
        emitted.append(Emitted(ScoreboardUpdated(competition_id=competition_id), now(), audience))
    async with connection.pipeline():
        for table, rows in _rows(judged, ranks).items():
            if not rows:
                continue
            written = await connection.execute(_INSERT[table], {"rows": Jsonb(rows)})
            if table == "incidents":
                emitted += [_incident(*row) for row in await written.fetchall()]
        await emit_all(session, emitted)
    return xact, recorded, events


_Pair = tuple[str, str]  # a team and a challenge
_Judged = list[tuple[Attempt, Outcome]]


class _Rank(NamedTuple):
    """A place among all that solved a challenge, and among the teams that count."""

    stored: int
    told: int


async def _new_ranks(
    connection: AsyncConnection, judged: _Judged, ranked: set[str]
) -> dict[_Pair, _Rank]:
    """The ranks of the teams that now solved a challenge, in the order of their attempts.

    One that is not `ranked` takes no other's place.
    """
    solves = [a for a, outcome in judged if outcome.solves_challenge]
    if not solves:
        return {}
    times = sorted(Counter((a.competition_id, a.challenge_id) for a in solves).items())
    values = {
        "competitions": [competition_id for (competition_id, _), _ in times],
        "challenges": [challenge_id for (_, challenge_id), _ in times],
        "times": [count for _, count in times],
    }
    async with connection.pipeline():
        stored = await connection.execute(_RANKS, values)
        counted = await connection.execute(_COUNTED, values)
    told = {(row[0], row[1]): row[2] for row in await counted.fetchall()}
    before = {
        (row[0], row[1]): _Rank(row[2], told[row[0], row[1]]) for row in await stored.fetchall()
    }
    ranks = {}
    for attempt in solves:
        challenge = (attempt.competition_id, attempt.challenge_id)
        last = before[challenge]
        rank = _Rank(last.stored + 1, last.told + 1)
        ranks[attempt.team_id, attempt.challenge_id] = rank
        counts = attempt.team_id in ranked and not attempt.practice
        before[challenge] = rank if counts else rank._replace(told=last.told)
    return ranks


def _rows(judged: _Judged, ranks: dict[_Pair, _Rank]) -> _Rows:
    """What attempts bring, by table."""
    rows: _Rows = {table: [] for table in _INSERT}
    wrong: Counter[tuple[str, str, str, str, str]] = Counter()
    forms: defaultdict[tuple[str, str, str, str, str], list[str]] = defaultdict(list)
    for a, outcome in judged:
        if not outcome.is_recorded:
            continue
        at = a.submitted_at.isoformat()
        question_id, scores = a.grade.question_id, a.grade.scores
        whose = {"team_id": a.team_id, "challenge_id": a.challenge_id}
        where = {**whose, "competition_id": a.competition_id}
        answered = {**where, "user_id": a.user_id, "question_id": question_id}
        if outcome.counts_as_wrong:
            key = (a.team_id, a.challenge_id, question_id, a.user_id, a.competition_id)
            wrong[key] += 1
            if outcome.remembers:
                forms[key].append(a.grade.form)
        if a.digest and not a.grade.correct and not a.practice:
            submission_id = a.id if scores else None
            suspect = {"digest": a.digest, "submission_id": submission_id, "at": at}
            rows["incidents"].append({**answered, **suspect})
        if scores:
            given = {
                "id": a.id,
                "instance_id": a.instance_id,
                "answer": a.answer,
                "correct": a.grade.correct,
                "solve_time_s": a.solve_time_s,
                "submitted_at": at,
                "overruled": a.overruled,
            }
            rows["submissions"].append({**answered, **given})
        if outcome.solves_question:
            rows["solves"].append({**answered, "submission_id": a.id, "solved_at": at})
        if outcome.solves_challenge:
            rank = ranks[a.team_id, a.challenge_id].stored
            rows["challenge_solves"].append({**where, "rank": rank, "solved_at": at})
    names = ("team_id", "challenge_id", "question_id", "user_id", "competition_id")
    rows["question_attempts"] = [
        dict(zip(names, key, strict=True)) | {"wrong": times, "follows": True, "given": forms[key]}
        for key, times in wrong.items()
    ]
    return rows


def _incident(id_: str, competition_id: str, team_id: str, challenge_id: str, kind: str) -> Emitted:
    event = IncidentReported(
        incident_id=id_,
        competition_id=competition_id,
        team_id=team_id,
        challenge_id=challenge_id,
        summary=kind,
    )
    return Emitted(event, now())


def _event(attempt: Attempt, outcome: Outcome, rank: int) -> FlagEvent:
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
        "practice": attempt.practice or None,
    }
    if not attempt.grade.correct:
        return FlagWrong(**fields, wrapped=attempt.wrapped or None)
    if outcome.solves_challenge:
        return FlagCorrect(**fields, solve_rank=rank)
    return FlagPartCorrect(**fields)
