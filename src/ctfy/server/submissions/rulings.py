"""Submissions corrected: one struck or accepted by hand, all of a question graded again.

What a team solved is made anew of the submissions that count as right, and with it when it solved
the challenge, and the ranks of all that did.
"""

from __future__ import annotations

import asyncio
import functools
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
from ctfy.server.competitions.events import ScoreboardUpdated
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
from ctfy.server.submissions.events import ChallengeCompleted, SubmissionRuled
from ctfy.server.submissions.service import short_form, ways_of
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
    """Let a submission count as right, or not. Raises `submission_not_found`.

    What was graded right is struck with all that the team answered right to that question, else the
    next of them would count instead. To strike one that was accepted only takes that back.
    """
    found = await session.get(Submission, submission_id)
    if found is None or found.competition_id != competition_id:
        raise NotFound("submission_not_found", "This competition has no such submission.")
    await lock(session, found.competition_id, found.challenge_id, [found.team_id])
    await session.refresh(found)
    if found.correct != body.correct:
        ruled = [found] if body.correct or found.overruled else await _right_ones(session, found)
        ids = [row.id for row in ruled]
        await turn(session, ids, correct=body.correct, by_hand=True)
        await session.execute(_NOT_RESET, {"ids": ids})
        question = _question(catalogue, found.challenge_id, found.question_id)
        if body.correct and question:
            await _give_back(session, found.challenge_id, question, [found])
        where = (competition_id, found.challenge_id, found.question_id)
        await settle(session, catalogue, where, [found.team_id])
        action = "accepted" if body.correct else "struck"
        await _tell(session, caller, ruled, action, body.reason)
        await tell_everybody(session, competition_id)
        await session.refresh(found)
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

    Those that somebody ruled on stay as they are, and so do those whose right answer is not known.
    What was reset (`resetting.py`) is not looked at.
    Teams that answered all of the questions that the challenge has now have it then, where one that
    they had left is gone. Raises `challenge_not_found`, `unknown_question_id`.
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
        Submission.reset_id.is_(None),
    )
    changed: list[Any] = []
    checked = ruled = unknown = 0
    async for part in (await session.stream(query)).partitions(_AT_ONCE):
        checked += len(part)
        ruled += sum(row.overruled for row in part)
        unknown += sum(_is_unknown(row, question) and not row.overruled for row in part)
        changed += await asyncio.to_thread(_graded_otherwise, part, secret, question)
    where = (competition_id, challenge_id, question_id)
    completed = await _completed(session, catalogue, where)
    if (changed or completed) and not dry_run:
        teams = sorted({row.team_id for row in changed} | set(completed))
        await lock(session, competition_id, challenge_id, teams)
        # Somebody may have ruled on some of them meanwhile.
        turned: set[str] = set()
        for was in (False, True):
            ids = [row.id for row in changed if row.correct is was]
            turned |= await turn(session, ids, correct=not was, by_hand=False)
        changed = [row for row in changed if row.id in turned]
        right = [row for row in changed if not row.correct]
        await _give_back(session, challenge_id, question, right)
        await settle(session, catalogue, where, teams)
        await _tell(session, caller, changed, "regraded", "")
        await _tell_completed(session, caller, where, completed)
        await tell_everybody(session, competition_id)
    became_right = sum(not row.correct for row in changed)
    return RegradeResult(
        dry_run=dry_run,
        checked=checked,
        became_right=became_right,
        became_wrong=len(changed) - became_right,
        ruled=ruled,
        unknown=unknown,
        completed=len(completed),
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
        row
        for row in rows
        if not row.overruled
        and not _is_unknown(row, question)
        and _is_right(row, secret, question) != row.correct
    ]


def _is_unknown(row: Any, question: Question) -> bool:
    """Whether nobody knows what was right: of a deleted instance, or from another platform."""
    return question.minted and row.instance_id is None


def _is_right(row: Any, secret: Secret, question: Question) -> bool:
    expected = derive(secret, row.instance_id, question) if question.minted else ""
    return any(question.is_correct(given, expected) for given in ways_of(row.answer))


def _question(catalogue: Catalogue, challenge_id: str, question_id: str) -> Question | None:
    challenge = catalogue.get(challenge_id)
    return challenge.metadata.question(question_id) if challenge else None


async def lock(
    session: AsyncSession, competition_id: str, challenge_id: str, teams: list[str]
) -> None:
    """Let nothing else happen to these teams' answers, or to the challenge's ranks; as the writer:

    teams first, then the challenge.
    """
    connection = await driver_connection(session)
    keys = [lock_key(team_id, challenge_id) for team_id in teams]
    await connection.execute(LOCK, {"keys": keys})
    await session.execute(_CHALLENGE, {"competition": competition_id, "challenge": challenge_id})


async def _right_ones(session: AsyncSession, found: Submission) -> list[Any]:
    """All that a submission's team answered right to its question, under the lock."""
    rows = await session.execute(
        select(Submission.__table__).where(
            Submission.competition_id == found.competition_id,
            Submission.team_id == found.team_id,
            Submission.challenge_id == found.challenge_id,
            Submission.question_id == found.question_id,
            Submission.correct,
        )
    )
    return list(rows)


async def turn(session: AsyncSession, ids: list[str], *, correct: bool, by_hand: bool) -> set[str]:
    """Let submissions count as right, or not; the ids of those that were turned.

    Against whoever ruled on one only somebody who rules.
    """
    values = {"ids": ids, "correct": correct, "by_hand": by_hand}
    return set(await session.scalars(_TURN, values))


async def _completed(
    session: AsyncSession, catalogue: Catalogue, where: tuple[str, str, str]
) -> list[str]:
    """The teams that answered all that a challenge asks now, and do not have it."""
    return list(await session.scalars(_COMPLETED, _values(catalogue, where, [])))


async def _give_back(
    session: AsyncSession, challenge_id: str, question: Question, rows: Sequence[Any]
) -> None:
    """Let answers that are right now cost no attempt any more."""
    forms: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        forms[row.team_id, row.user_id] |= {
            short_form(question, given) for given in ways_of(row.answer)
        }
    common = {"challenge": challenge_id, "question": question.id}
    given = [
        {"team": team_id, "user": user_id, "forms": sorted(each), **common}
        for (team_id, user_id), each in forms.items()
    ]
    if given:
        await session.execute(_GIVE_BACK, given)


async def settle(
    session: AsyncSession,
    catalogue: Catalogue,
    where: tuple[str, str, str],
    teams: list[str],
) -> None:
    """Make what teams solved anew, of their submissions to one question that count as right."""
    values = _values(catalogue, where, teams)
    await session.flush()
    lost = set(await session.scalars(_LOSE, values))
    changed = lost | set(await session.scalars(_SOLVE, values))
    values |= {"lost": sorted(lost), "changed": sorted(changed)}
    for statement in _SETTLE:
        await session.execute(statement, values)


def _values(catalogue: Catalogue, where: tuple[str, str, str], teams: list[str]) -> dict[str, Any]:
    competition_id, challenge_id, question_id = where
    challenge = catalogue.get(challenge_id)
    return {
        "competition": competition_id,
        "challenge": challenge_id,
        "question": question_id,
        "teams": teams,
        "questions": [q.id for q in challenge.metadata.questions] if challenge else [],
    }


async def _tell(
    session: AsyncSession, caller: Caller, rows: Sequence[Any], action: str, reason: str
) -> None:
    """Tell of submissions whose grade was turned; `rows`: as they were before."""
    names = await _names(session, {row.team_id for row in rows})
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


async def _tell_completed(
    session: AsyncSession, caller: Caller, where: tuple[str, str, str], teams: Sequence[str]
) -> None:
    """Tell teams that have a challenge now, since what they had left of it is gone."""
    competition_id, challenge_id, _ = where
    for team_id, name in (await _names(session, set(teams))).items():
        event = ChallengeCompleted(
            team_id=team_id,
            team_name=name,
            challenge_id=challenge_id,
            competition_id=competition_id,
        )
        emit(session, event, actor_id=caller.user_id)


async def _names(session: AsyncSession, team_ids: set[str]) -> dict[str, str]:
    found = await session.execute(select(Team.id, Team.name).where(Team.id.in_(team_ids)))
    return {row.id: row.name for row in found}


async def tell_everybody(session: AsyncSession, competition_id: str) -> None:
    """Tell of new standings whoever may see them change."""
    competition = await session.get_one(Competition, competition_id)
    audience = audience_of_solves(competition, now())
    emit(session, ScoreboardUpdated(competition_id=competition.id), audience=audience)


_NAMED: dict[str, Any] = {
    **dict.fromkeys(("ids", "teams", "questions", "forms", "lost", "changed"), ARRAY(String)),
    **dict.fromkeys(("competition", "challenge", "question", "team", "user", "reset"), String()),
}


def sql(statement: str) -> Any:
    """A statement whose values have types; without, PostgreSQL guesses another in each place."""
    named = [name for name in _NAMED if re.search(rf":{name}\b", statement)]
    return text(statement).bindparams(*(bindparam(name, type_=_NAMED[name]) for name in named))


_CHALLENGE = sql(
    """
    SELECT FROM competition_challenges
    WHERE competition_id = :competition AND challenge_id = :challenge FOR UPDATE
    """
)
# How long it took is kept of right answers alone.
_TURN = sql(
    """
    UPDATE submissions b SET correct = :correct, overruled = :by_hand AND NOT b.overruled,
      solve_time_s = coalesce((
        SELECT extract(epoch FROM b.submitted_at - i.requested_at) FROM instances i
        WHERE i.id = b.instance_id AND :correct), 0)
    WHERE b.id = ANY(:ids) AND b.correct <> :correct AND (:by_hand OR NOT b.overruled)
    RETURNING b.id
    """
)
# Whoever rules on one afterwards has the last word: to undo the reset leaves it alone.
_NOT_RESET = sql("UPDATE submissions SET reset_id = NULL WHERE id = ANY(:ids)")
_GIVE_BACK = sql(
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
_COMPLETED = sql(
    """
    SELECT s.team_id FROM solves s
    WHERE s.competition_id = :competition AND s.challenge_id = :challenge
      AND s.question_id = ANY(:questions)
      AND NOT EXISTS (SELECT FROM challenge_solves c
                      WHERE c.team_id = s.team_id AND c.challenge_id = :challenge)
    GROUP BY s.team_id HAVING count(*) = cardinality(:questions)
    """
)
# A question is solved by the first right answer to it.
_LOSE = sql(
    f"""
    DELETE FROM solves s WHERE s.challenge_id = :challenge AND s.question_id = :question
      AND s.team_id = ANY(:teams) AND s.submission_id NOT IN (SELECT r.id FROM ({_RIGHT}) r)
    RETURNING s.team_id
    """  # noqa: S608 - put together of constants
)
_SOLVE = sql(
    f"""
    INSERT INTO solves (team_id, challenge_id, question_id, competition_id, user_id,
                        submission_id, solved_at)
    SELECT r.team_id, :challenge, :question, :competition, r.user_id, r.id, r.submitted_at
    FROM ({_RIGHT}) r ON CONFLICT DO NOTHING
    RETURNING team_id
    """  # noqa: S608 - put together of constants
)
# In this order: a challenge is solved with the last of its questions. A team that has it keeps it
# when a question is added, and loses it with any that it had. Ranks go by when, and are below zero
# on their way, since no two may be the same.
_SETTLE = [
    sql(
        """
        DELETE FROM challenge_solves c WHERE c.challenge_id = :challenge AND c.team_id = ANY(:lost)
          AND NOT EXISTS (SELECT FROM solves s WHERE s.team_id = c.team_id
                          AND s.challenge_id = :challenge AND s.question_id = :question)
        """
    ),
    sql(
        """
        INSERT INTO challenge_solves AS c (team_id, challenge_id, competition_id, rank, solved_at)
        SELECT s.team_id, :challenge, :competition, -row_number() OVER (), max(s.solved_at)
        FROM solves s WHERE s.challenge_id = :challenge AND s.team_id = ANY(:teams)
          AND s.question_id = ANY(:questions)
        GROUP BY s.team_id HAVING count(*) = cardinality(:questions)
        ON CONFLICT (team_id, challenge_id) DO UPDATE SET solved_at = excluded.solved_at
          WHERE c.team_id = ANY(:changed)
        """
    ),
    sql(
        """
        UPDATE challenge_solves c SET rank = -1000000000 - n.place FROM (
          SELECT team_id, row_number() OVER (ORDER BY solved_at, rank, team_id) AS place
          FROM challenge_solves WHERE competition_id = :competition AND challenge_id = :challenge
        ) n WHERE c.team_id = n.team_id AND c.challenge_id = :challenge
        """
    ),
    sql(
        """
        UPDATE challenge_solves SET rank = -1000000000 - rank
        WHERE competition_id = :competition AND challenge_id = :challenge
        """
    ),
    sql(
        """
        UPDATE competition_challenges SET solves = (
          SELECT count(*) FROM challenge_solves
          WHERE competition_id = :competition AND challenge_id = :challenge)
        WHERE competition_id = :competition AND challenge_id = :challenge
        """
    ),
]
