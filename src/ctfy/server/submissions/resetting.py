"""A challenge of a competition begun anew, and that undone.

Solves, attempts that cost something, and hints with their cost are taken away; submissions stay on
record, struck and marked. They are no obstacle to the same answer, given once more.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import Conflict, NotFound, field_error
from ctfy.server.access.caller import Caller
from ctfy.server.database.base import new_id, now
from ctfy.server.database.paging import Listing
from ctfy.server.events.outbox import emit
from ctfy.server.models.submissions import ChallengeResetInfo, ChallengeResetRequest
from ctfy.server.submissions import events
from ctfy.server.submissions.rulings import lock, settle, sql, tell_everybody, turn
from ctfy.server.tables.competitions import CompetitionChallenge
from ctfy.server.tables.submissions import ChallengeReset

RESETS = Listing(
    select(*(c for c in ChallengeReset.__table__.columns if c.name != "taken"))
    .where(ChallengeReset.competition_id == bindparam("competition_id"))
    .order_by(ChallengeReset.reset_at.desc(), ChallengeReset.id)
)


def reset_info(row: Any) -> ChallengeResetInfo:
    """A reset on the wire."""
    return ChallengeResetInfo(
        id=row.id,
        challenge_id=row.challenge_id,
        reason=row.reason,
        reset_by=row.reset_by,
        reset_at=row.reset_at,
        undone_at=row.undone_at,
        **row.counts,
    )


async def reset(
    session: AsyncSession,
    catalogue: Catalogue,
    caller: Caller,
    competition_id: str,
    challenge_id: str,
    body: ChallengeResetRequest,
) -> ChallengeResetInfo:
    """Take back what all teams did with a challenge, or only count it.

    Raises `challenge_not_found`, 422 without a reason, and `nothing_to_reset`.
    """
    offered = await session.get(CompetitionChallenge, (competition_id, challenge_id))
    if offered is None:
        raise NotFound("challenge_not_found", "This competition has no such challenge.")
    where = {"competition": competition_id, "challenge": challenge_id}
    if body.dry_run:
        counts = (await session.execute(_COUNTS, where)).one()._asdict()
        return ChallengeResetInfo(challenge_id=challenge_id, dry_run=True, **counts)
    if not body.reason.strip():
        raise field_error(["body", "reason"], "is needed: the competition's players read it")
    teams = sorted(await session.scalars(_TEAMS, where))
    await lock(session, competition_id, challenge_id, teams)
    counts = (await session.execute(_COUNTS, where)).one()._asdict()
    if not any(counts.values()):
        raise Conflict("nothing_to_reset", "Nobody has done anything with this challenge.")
    done = ChallengeReset(
        id=new_id(),
        competition_id=competition_id,
        challenge_id=challenge_id,
        reason=body.reason.strip(),
        counts=counts,
        taken=await session.scalar(_TAKEN, where),
        reset_by=caller.user_id,
        reset_at=now(),
    )
    session.add(done)
    await turn(session, done.taken["right"], correct=False, by_hand=True)
    for statement in _TAKE:
        await session.execute(statement, where | {"reset": done.id})
    for question_id in done.taken["questions"]:
        await settle(session, catalogue, (competition_id, challenge_id, question_id), teams)
    nothing = dict.fromkeys(counts, 0)
    await _tell(session, caller, done, "reset", before=counts, after=nothing)
    return reset_info(done)


async def undo(
    session: AsyncSession, catalogue: Catalogue, caller: Caller, competition_id: str, reset_id: str
) -> ChallengeResetInfo:
    """Give back what a reset took; what came since stays, and the first right answer counts.

    Raises `challenge_reset_not_found`, `challenge_reset_undone`.
    """
    done = await session.get(ChallengeReset, reset_id, with_for_update=True)
    if done is None or done.competition_id != competition_id:
        raise NotFound("challenge_reset_not_found", "This competition has no such reset.")
    if done.undone_at is not None:
        raise Conflict("challenge_reset_undone", "That was undone before.")
    challenge_id = done.challenge_id
    where = {"competition": competition_id, "challenge": challenge_id}
    teams = sorted(await session.scalars(_TEAMS, where))
    await lock(session, competition_id, challenge_id, teams)
    before = (await session.execute(_COUNTS, where)).one()._asdict()
    values = where | {"reset": reset_id}
    # Those that somebody ruled on since are no longer marked.
    right = list(await session.scalars(_RIGHT_AGAIN, values | {"ids": done.taken["right"]}))
    await turn(session, right, correct=True, by_hand=True)
    for statement in _GIVE:
        await session.execute(statement, values)
    for question_id in done.taken["questions"]:
        await settle(session, catalogue, (competition_id, challenge_id, question_id), teams)
    done.undone_at = now()
    after = (await session.execute(_COUNTS, where)).one()._asdict()
    await _tell(session, caller, done, "undone", before=before, after=after)
    return reset_info(done)


async def _tell(
    session: AsyncSession,
    caller: Caller,
    done: ChallengeReset,
    action: str,
    *,
    before: dict[str, int],
    after: dict[str, int],
) -> None:
    """Tell the competition's people; how much it was only those who may read the log."""
    event = events.ChallengeReset(
        challenge_id=done.challenge_id,
        competition_id=done.competition_id,
        action=action,
        reason=done.reason,
    )
    emit(session, event, actor_id=caller.user_id, before=before, after=after)
    await tell_everybody(session, done.competition_id)


_HERE = "competition_id = :competition AND challenge_id = :challenge"
_COUNTED = f"{_HERE} AND reset_id IS NULL"
_TEAMS = sql(
    f"""
    SELECT team_id FROM submissions WHERE {_HERE}
    UNION SELECT team_id FROM question_attempts WHERE {_HERE}
    UNION SELECT team_id FROM hint_unlocks WHERE {_HERE}
    """  # noqa: S608 - put together of constants
)
_COUNTS = sql(
    f"""
    SELECT
      (SELECT count(*) FROM (
         SELECT team_id FROM submissions WHERE {_COUNTED}
         UNION SELECT team_id FROM question_attempts WHERE {_HERE}
         UNION SELECT team_id FROM hint_unlocks WHERE {_HERE}) t) AS teams,
      (SELECT count(*) FROM challenge_solves WHERE {_HERE}) AS solves,
      (SELECT count(*) FROM solves WHERE {_HERE}) AS answers,
      (SELECT coalesce(sum(wrong), 0)::int FROM question_attempts WHERE {_HERE}) AS attempts,
      (SELECT count(*) FROM hint_unlocks WHERE {_HERE}) AS hints,
      (SELECT count(*) FROM submissions WHERE {_COUNTED}) AS submissions
    """  # noqa: S608 - put together of constants
)
# `whole`: a team keeps a challenge to which a question was added, so its questions do not tell.
_TAKEN = sql(
    f"""
    SELECT jsonb_build_object(
      'questions', (SELECT coalesce(jsonb_agg(DISTINCT question_id), '[]') FROM submissions
                    WHERE {_COUNTED}),
      'right', (SELECT coalesce(jsonb_agg(id), '[]') FROM submissions
                WHERE {_COUNTED} AND correct),
      'whole', (SELECT coalesce(jsonb_agg(c), '[]') FROM challenge_solves c WHERE {_HERE}),
      'attempts', (SELECT coalesce(jsonb_agg(q), '[]') FROM question_attempts q WHERE {_HERE}),
      'hints', (SELECT coalesce(jsonb_agg(h), '[]') FROM hint_unlocks h WHERE {_HERE}))
      AS taken
    """  # noqa: S608 - put together of constants
).columns(taken=JSONB)
_TAKE = [
    sql(f"UPDATE submissions SET reset_id = :reset WHERE {_COUNTED}"),  # noqa: S608
    sql(f"DELETE FROM question_attempts WHERE {_HERE}"),  # noqa: S608
    sql(f"DELETE FROM hint_unlocks WHERE {_HERE}"),  # noqa: S608
    sql(f"DELETE FROM challenge_solves WHERE {_HERE}"),  # noqa: S608
]
_RIGHT_AGAIN = sql("SELECT id FROM submissions WHERE id = ANY(:ids) AND reset_id = :reset")
# Of teams and people that are still there.
_OF_RESET = """
    FROM challenge_resets r CROSS JOIN jsonb_populate_recordset(NULL::{0}, r.taken -> '{1}') x
    JOIN teams t ON t.id = x.team_id
"""
# `settle` gives the ranks; until then they are below all others.
_GIVE = [
    sql(f"UPDATE submissions SET reset_id = NULL WHERE {_HERE} AND reset_id = :reset"),  # noqa: S608
    sql(
        f"""
        INSERT INTO hint_unlocks SELECT x.* {_OF_RESET.format("hint_unlocks", "hints")}
        JOIN users u ON u.id = x.user_id WHERE r.id = :reset ON CONFLICT DO NOTHING
        """
    ),
    sql(
        f"""
        INSERT INTO question_attempts AS q SELECT x.*
        {_OF_RESET.format("question_attempts", "attempts")}
        JOIN users u ON u.id = x.user_id WHERE r.id = :reset
        ON CONFLICT (team_id, challenge_id, question_id, user_id) DO UPDATE SET
          wrong = q.wrong + excluded.wrong,
          given = ARRAY(SELECT DISTINCT g FROM unnest(q.given || excluded.given) g)
        """  # noqa: S608 - put together of constants
    ),
    # Not where an answer that it stood on was struck meanwhile.
    sql(
        f"""
        INSERT INTO challenge_solves (team_id, challenge_id, competition_id, rank, solved_at)
        SELECT x.team_id, x.challenge_id, x.competition_id, -2000000000 - x.rank, x.solved_at
        {_OF_RESET.format("challenge_solves", "whole")}
        WHERE r.id = :reset AND NOT EXISTS (
          SELECT FROM submissions b WHERE b.team_id = x.team_id AND NOT b.correct
            AND b.challenge_id = x.challenge_id AND jsonb_exists(r.taken -> 'right', b.id))
        ON CONFLICT DO NOTHING
        """  # noqa: S608 - put together of constants
    ),
]
