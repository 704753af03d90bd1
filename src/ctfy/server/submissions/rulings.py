"""Submissions corrected: one struck or accepted by hand, all of a question graded again.

What a team solved is made anew of the submissions that count as right, and with it when it solved
the challenge, and the ranks of all that did.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, String, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.question import Question
from ctfy.core.errors import Invalid, NotFound
from ctfy.server.access.caller import Caller
from ctfy.server.access.secrets import Secret
from ctfy.server.access.view import audience_of_solves
from ctfy.server.challenges.visibility import get_challenge
from ctfy.server.database.base import now
from ctfy.server.database.connections import driver_connection
from ctfy.server.database.paging import Listing
from ctfy.server.events.outbox import emit
from ctfy.server.instances.answers import derive
from ctfy.server.models.submissions import (
    AdminSubmission,
    RegradeChange,
    RegradeResult,
    SubmissionRuling,
)
from ctfy.server.standings.events import ScoreboardUpdated
from ctfy.server.submissions.events import SubmissionRuled
from ctfy.server.submissions.service import short_form
from ctfy.server.submissions.writer import LOCK, lock_key
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import Team

_MOST_TOLD = 1000
_AT_ONCE = 1000


def listed() -> Any:
    """Every submission, newest first, with whose it is."""
    return (
        select(
            *Submission.__table__.columns,
            Team.name.label("team_name"),
            User.display_name.label("display_name"),
        )
        .join(Team, Team.id == Submission.team_id)
        .join(User, User.id == Submission.user_id)
        .order_by(Submission.submitted_at.desc(), Submission.id)
    )


@functools.cache
def of_competition(narrowed: frozenset[str]) -> Listing:
    """Those of a competition; `narrowed`: to which columns' values besides."""
    query = listed()
    for name in sorted(narrowed | {"competition_id"}):
        query = query.where(getattr(Submission, name) == bindparam(name))
    return Listing(query)


def submission_info(row: Any) -> AdminSubmission:
    """A row of `listed` on the wire."""
    return AdminSubmission(**{name: getattr(row, name) for name in AdminSubmission.model_fields})


async def rule(
    session: AsyncSession,
    catalogue: Catalogue,
    caller: Caller,
    competition_id: str,
    submission_id: str,
    body: SubmissionRuling,
) -> AdminSubmission:
    """Let a submission count as right, or not. Raises `submission_not_found`."""
    found = await session.get(Submission, submission_id)
    if found is None or found.competition_id != competition_id:
        raise NotFound("submission_not_found", "This competition has no such submission.")
    await _lock(session, found.competition_id, found.challenge_id, [found.team_id])
    await session.refresh(found)
    if found.correct != body.correct:
        action = "accepted" if body.correct else "struck"
        ids = [submission_id]
        await _turn(session, ids, correct=body.correct, overruled=not found.overruled)
        question = _question(catalogue, found.challenge_id, found.question_id)
        if body.correct and question:
            await _give_back(session, found.challenge_id, question, [found])
        where = (competition_id, found.challenge_id, found.question_id)
        await _settle(session, catalogue, where, [found.team_id])
        await _tell(session, caller, [found], action, body.reason)
    rows = await session.execute(listed().where(Submission.id == submission_id))
    return submission_info(rows.one())


async def regrade(
    session: AsyncSession,
    catalogue: Catalogue,
    secret: Secret,
    caller: Caller,
    competition_id: str,
    challenge_id: str,
    question_id: str,
    *,
    dry_run: bool,
) -> RegradeResult:
    """Grade all submissions to a question with the answer that it has now.

    Those that somebody ruled on stay as they are. Raises `challenge_not_found`,
    `unknown_question_id`.
    """
    challenge = get_challenge(catalogue, challenge_id)
    question = challenge.metadata.question(question_id)
    if question is None:
        known = [q.id for q in challenge.metadata.questions]
        raise Invalid(
            "unknown_question_id",
            f"This challenge has no question '{question_id}'; it has: {', '.join(known)}.",
            known=known,
        )
    query = listed().where(
        Submission.competition_id == competition_id,
        Submission.challenge_id == challenge_id,
        Submission.question_id == question_id,
    )
    changed: list[Any] = []
    checked = ruled = 0
    async for part in (await session.stream(query)).partitions(_AT_ONCE):
        checked += len(part)
        ruled += sum(row.overruled for row in part)
        changed += await asyncio.to_thread(_graded_otherwise, part, secret, question)
    if changed and not dry_run:
        teams = sorted({row.team_id for row in changed})
        await _lock(session, competition_id, challenge_id, teams)
        right, wrong = ([row for row in changed if row.correct is was] for was in (False, True))
        await _turn(session, [row.id for row in right], correct=True, overruled=False)
        await _turn(session, [row.id for row in wrong], correct=False, overruled=False)
        await _give_back(session, challenge_id, question, right)
        await _settle(session, catalogue, (competition_id, challenge_id, question_id), teams)
        await _tell(session, caller, changed, "regraded", "")
    became_right = sum(not row.correct for row in changed)
    return RegradeResult(
        dry_run=dry_run,
        checked=checked,
        became_right=became_right,
        became_wrong=len(changed) - became_right,
        ruled=ruled,
        changes=[
            RegradeChange(
                submission_id=row.id,
                team_id=row.team_id,
                team_name=row.team_name,
                user_id=row.user_id,
                answer=row.answer,
                submitted_at=row.submitted_at,
                correct=not row.correct,
            )
            for row in changed[:_MOST_TOLD]
        ],
    )


def _graded_otherwise(rows: Sequence[Any], secret: Secret, question: Question) -> list[Any]:
    """The rows whose grade is another one now."""
    return [
        row for row in rows if not row.overruled and _is_right(row, secret, question) != row.correct
    ]


def _is_right(row: Any, secret: Secret, question: Question) -> bool:
    minted = question.minted and row.instance_id is not None
    expected = derive(secret, row.instance_id, question) if minted else ""
    return any(question.is_correct(given, expected) for given in _given(row.answer))


def _given(answer: str) -> list[str | list[str]]:
    """What an answer may have been when it came: a text, or a list that is kept as JSON."""
    ways: list[str | list[str]] = [answer]
    if answer.startswith("["):
        try:
            several = json.loads(answer)
        except ValueError:
            return ways
        if isinstance(several, list) and all(isinstance(each, str) for each in several):
            ways.append(several)
    return ways


def _question(catalogue: Catalogue, challenge_id: str, question_id: str) -> Question | None:
    challenge = catalogue.get(challenge_id)
    return challenge.metadata.question(question_id) if challenge else None


async def _lock(
    session: AsyncSession, competition_id: str, challenge_id: str, teams: list[str]
) -> None:
    """Let nothing else happen to these teams' answers, or to the challenge's ranks; as the writer:

    teams first, then the challenge.
    """
    connection = await driver_connection(session)
    keys = [lock_key(team_id, challenge_id) for team_id in teams]
    await connection.execute(LOCK, {"keys": keys})
    await session.execute(_CHALLENGE, {"competition": competition_id, "challenge": challenge_id})


async def _turn(session: AsyncSession, ids: list[str], *, correct: bool, overruled: bool) -> None:
    """Let submissions count as right, or not."""
    values = {"ids": ids, "correct": correct, "overruled": overruled}
    await session.execute(_TURN, values)


async def _give_back(
    session: AsyncSession, challenge_id: str, question: Question, rows: Sequence[Any]
) -> None:
    """Let answers that are right now cost no attempt any more."""
    forms: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        forms[row.team_id, row.user_id] |= {
            short_form(question, given) for given in _given(row.answer)
        }
    common = {"challenge": challenge_id, "question": question.id}
    given = [
        {"team": team_id, "user": user_id, "forms": sorted(each), **common}
        for (team_id, user_id), each in forms.items()
    ]
    if given:
        await session.execute(_GIVE_BACK, given)


async def _settle(
    session: AsyncSession,
    catalogue: Catalogue,
    where: tuple[str, str, str],
    teams: list[str],
) -> None:
    """Make what teams solved anew, of their submissions to one question that count as right."""
    competition_id, challenge_id, question_id = where
    challenge = catalogue.get(challenge_id)
    values = {
        "competition": competition_id,
        "challenge": challenge_id,
        "question": question_id,
        "teams": teams,
        "questions": [q.id for q in challenge.metadata.questions] if challenge else [],
    }
    await session.flush()
    for statement in _SETTLE:
        await session.execute(statement, values)


async def _tell(
    session: AsyncSession, caller: Caller, rows: Sequence[Any], action: str, reason: str
) -> None:
    """Tell of submissions whose grade was turned; `rows`: as they were before."""
    ids = {row.team_id for row in rows}
    found = await session.execute(select(Team.id, Team.name).where(Team.id.in_(ids)))
    names = {row.id: row.name for row in found}
    for row in rows:
        is_right = not row.correct
        event = SubmissionRuled(
            team_id=row.team_id,
            team_name=names[row.team_id],
            challenge_id=row.challenge_id,
            competition_id=row.competition_id,
            question_id=row.question_id,
            submission_id=row.id,
            user_id=row.user_id,
            correct=is_right,
            action=action,
            reason=reason or None,
        )
        before, after = {"correct": not is_right}, {"correct": is_right}
        emit(session, event, actor_id=caller.user_id, before=before, after=after)
    competition = await session.get_one(Competition, rows[0].competition_id)
    audience = audience_of_solves(competition, now())
    emit(session, ScoreboardUpdated(competition_id=competition.id), audience=audience)


_NAMED: dict[str, Any] = {
    **dict.fromkeys(("ids", "teams", "questions", "forms"), ARRAY(String)),
    **dict.fromkeys(("competition", "challenge", "question", "team", "user"), String()),
}


def _sql(statement: str) -> Any:
    """A statement whose values have types; without, PostgreSQL guesses another in each place."""
    named = [name for name in _NAMED if re.search(rf":{name}\b", statement)]
    return text(statement).bindparams(*(bindparam(name, type_=_NAMED[name]) for name in named))


_CHALLENGE = _sql(
    """
    SELECT FROM competition_challenges
    WHERE competition_id = :competition AND challenge_id = :challenge FOR UPDATE
    """
)
# How long it took is kept of right answers alone.
_TURN = _sql(
    """
    UPDATE submissions b SET correct = :correct, overruled = :overruled,
      solve_time_s = coalesce((
        SELECT extract(epoch FROM b.submitted_at - i.requested_at) FROM instances i
        WHERE i.id = b.instance_id AND :correct), 0)
    WHERE b.id = ANY(:ids)
    """
)
_GIVE_BACK = _sql(
    """
    UPDATE question_attempts q SET
      given = ARRAY(SELECT g FROM unnest(q.given) g WHERE g <> ALL(:forms)),
      wrong = greatest(0, q.wrong - (
        SELECT count(*) FROM unnest(q.given) g WHERE g = ANY(:forms)))
    WHERE q.team_id = :team AND q.user_id = :user AND q.challenge_id = :challenge
      AND q.question_id = :question
    """
)
_RIGHT = """
SELECT DISTINCT ON (b.team_id) b.team_id, b.id, b.user_id, b.submitted_at FROM submissions b
WHERE b.competition_id = :competition AND b.challenge_id = :challenge
  AND b.question_id = :question AND b.correct AND b.team_id = ANY(:teams)
ORDER BY b.team_id, b.submitted_at, b.id
"""
# In this order: a question is solved by the first right answer to it, a challenge with the last of
# its questions. Ranks go by when, and are below zero on their way, since no two may be the same.
_SETTLE = [
    _sql(
        f"""
        DELETE FROM solves s WHERE s.challenge_id = :challenge AND s.question_id = :question
          AND s.team_id = ANY(:teams) AND s.submission_id NOT IN (SELECT r.id FROM ({_RIGHT}) r)
        """  # noqa: S608 - put together of constants
    ),
    _sql(
        f"""
        INSERT INTO solves (team_id, challenge_id, question_id, competition_id, user_id,
                            submission_id, solved_at)
        SELECT r.team_id, :challenge, :question, :competition, r.user_id, r.id, r.submitted_at
        FROM ({_RIGHT}) r ON CONFLICT DO NOTHING
        """  # noqa: S608 - put together of constants
    ),
    _sql(
        """
        DELETE FROM challenge_solves c WHERE c.challenge_id = :challenge AND c.team_id = ANY(:teams)
          AND NOT EXISTS (SELECT FROM solves s WHERE s.team_id = c.team_id
                          AND s.challenge_id = :challenge AND s.question_id = :question)
        """
    ),
    _sql(
        """
        INSERT INTO challenge_solves (team_id, challenge_id, competition_id, rank, solved_at)
        SELECT s.team_id, :challenge, :competition, -row_number() OVER (), max(s.solved_at)
        FROM solves s WHERE s.challenge_id = :challenge AND s.team_id = ANY(:teams)
          AND s.question_id = ANY(:questions)
        GROUP BY s.team_id HAVING count(*) = cardinality(:questions)
        ON CONFLICT (team_id, challenge_id) DO UPDATE SET solved_at = excluded.solved_at
        """
    ),
    _sql(
        """
        UPDATE challenge_solves c SET rank = -1000000000 - n.place FROM (
          SELECT team_id, row_number() OVER (ORDER BY solved_at, rank, team_id) AS place
          FROM challenge_solves WHERE competition_id = :competition AND challenge_id = :challenge
        ) n WHERE c.team_id = n.team_id AND c.challenge_id = :challenge
        """
    ),
    _sql(
        """
        UPDATE challenge_solves SET rank = -1000000000 - rank
        WHERE competition_id = :competition AND challenge_id = :challenge
        """
    ),
    _sql(
        """
        UPDATE competition_challenges SET solves = (
          SELECT count(*) FROM challenge_solves
          WHERE competition_id = :competition AND challenge_id = :challenge)
        WHERE competition_id = :competition AND challenge_id = :challenge
        """
    ),
]
