"""Submitting: graded once, scored once, whoever answers and however often."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from sqlalchemy import bindparam, select

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.challenge.question import Question, clean
from ctfy.core.enums import ScopeLevel
from ctfy.core.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from ctfy.server.access.caller import Caller
from ctfy.server.access.rate_limits import RateLimits
from ctfy.server.access.scopes import Scope
from ctfy.server.access.secrets import Secret
from ctfy.server.access.view import audience_of_solves, tells_solves
from ctfy.server.cache import Cache
from ctfy.server.challenges.library import Library
from ctfy.server.challenges.visibility import get_challenge, require_unlocked
from ctfy.server.competitions.challenges import offered, out_of_competition
from ctfy.server.competitions.service import get_competition, require_running
from ctfy.server.database.base import new_id, now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.instances.answers import derive, digest, looks_dynamic
from ctfy.server.instances.service import infer_competition
from ctfy.server.models.submissions import SubmissionCreate, SubmissionResponse
from ctfy.server.services import provided
from ctfy.server.settings import Settings
from ctfy.server.submissions import asked
from ctfy.server.submissions.scoring import Graded, Verdict
from ctfy.server.submissions.writer import Attempt, Recorded, SubmissionWriter
from ctfy.server.tables.competitions import Competition, CompetitionChallenge
from ctfy.server.tables.instances import Instance
from ctfy.server.tables.submissions import Solve, Submission
from ctfy.server.tables.teams import Team, TeamMember
from ctfy.server.teams.service import require_team


@dataclass(frozen=True, slots=True)
class Context:
    """Where an answer is given: the team, its competition, and the instance if there is one."""

    competition: Competition
    team_id: str
    team_name: str
    challenge_id: str
    instance_id: str | None
    started_at: datetime | None
    in_competition: Sequence[str] = ()  # the challenges beside this one; not with an instance
    digest: str = ""  # the instance's version of the challenge
    max_attempts: int | None = None  # where the competition says so, for each question


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer on its way to be graded: who gives it, where, to which question.

    `id`: of its submission; `repeatable`: made of an idempotency key, for the same once more.
    """

    id: str
    repeatable: bool

    context: Context
    user_id: str
    challenge: Challenge
    question: Question
    text: str | list[str]


# Built once, and of columns: every submission whose context is not cached runs it.
_CONTEXT = Statement(
    select(
        Instance.team_id,
        Instance.challenge_id,
        Instance.challenge_digest,
        Instance.competition_id,
        Instance.requested_at,
        Team.name.label("team_name"),
        CompetitionChallenge.max_attempts,
    )
    .outerjoin(
        CompetitionChallenge,
        (CompetitionChallenge.competition_id == Instance.competition_id)
        & (CompetitionChallenge.challenge_id == Instance.challenge_id),
    )
    .join(
        TeamMember,
        (TeamMember.team_id == Instance.team_id) & (TeamMember.user_id == bindparam("user_id")),
    )
    .join(Team, Team.id == Instance.team_id)
    .where(Instance.id == bindparam("instance_id"))
)

_SOLVED = Statement(
    select(Solve.question_id).where(
        Solve.team_id == bindparam("team_id"), Solve.challenge_id == bindparam("challenge_id")
    )
)
# Of right answers that somebody struck, to one question. What was reset may be given again.
_STRUCK = Statement(
    select(Submission.answer).where(
        Submission.competition_id == bindparam("competition_id"),
        Submission.team_id == bindparam("team_id"),
        Submission.challenge_id == bindparam("challenge_id"),
        Submission.question_id == bindparam("question_id"),
        Submission.overruled,
        Submission.reset_id.is_(None),
        ~Submission.correct,
    )
)
_QUESTION_OF = Statement(select(Submission.question_id).where(Submission.id == bindparam("id")))


class Submissions:
    """Takes answers, grades them, and has them written down."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        cache: Cache,
        catalogue: Catalogue,
        library: Library,
        writer: SubmissionWriter,
        rate_limits: RateLimits,
        secret: Secret,
    ) -> None:
        self._settings = settings
        self._database = database
        self._cache = cache
        self._catalogue = catalogue
        self._library = library
        self._writer = writer
        self._rate_limits = rate_limits
        self._secret = secret

    async def submit_on_instance(
        self, caller: Caller, body: SubmissionCreate, competition_id: str = "", key: str = ""
    ) -> SubmissionResponse:
        """What the caller answers to a question of an instance, recorded and graded.

        The same answer with the same idempotency `key` is recorded once. Raises
        `instance_not_found`, `competition_ended`, `unknown_question_id`,
        `question_id_required`, `all_answered`, `answer_malformed`, `question_locked`,
        `question_attempt_cap_exceeded`.
        """
        await self._rate_limits.hit("submit", caller.user_id)
        answer = await self._on_instance(
            caller, body.instance_id, body.question_id, body.answer, competition_id, key
        )
        return await self._submit(answer)

    async def submit_without_instance(
        self,
        caller: Caller,
        challenge_id: str,
        competition_id: str,
        question_id: str,
        text: str | list[str],
        key: str = "",
    ) -> SubmissionResponse:
        """The same for a challenge that has no instance. Raises `not_a_qa_challenge`.

        With an empty `competition_id` it is the one in which the caller plays it.
        """
        await self._rate_limits.hit("submit", caller.user_id)
        challenge = get_challenge(self._catalogue, challenge_id)
        if not challenge.is_qa_only:
            raise Invalid(
                "not_a_qa_challenge", "This challenge is answered on an instance. Start one."
            )
        database = self._database
        chosen = competition_id or await infer_competition(database, caller, challenge_id)
        place = ("submission context", caller.token_id, chosen, challenge_id)
        context: Context | None = self._cache.get(place)
        if context is None:
            context = await self._play(caller, chosen, challenge_id, place)
        _require_open(context.competition)
        await require_unlocked(database, context.team_id, challenge, context.in_competition)
        answer = await self._to_question(context, caller, challenge, question_id, text, key)
        return await self._submit(answer)

    async def verify(
        self,
        caller: Caller,
        instance_id: str,
        question_id: str,
        text: str | list[str],
        competition_id: str = "",
    ) -> tuple[bool, str]:
        """Whether an answer is right, and the question's id; no submission is recorded.

        A wrong one counts against the question's cap.
        """
        await self._rate_limits.hit("submit", caller.user_id)
        answer = await self._on_instance(caller, instance_id, question_id, text, competition_id)
        attempt = self._graded(answer, scores=False)
        await self._record(answer, attempt)
        return attempt.grade.correct, answer.question.id

    async def _on_instance(
        self,
        caller: Caller,
        instance_id: str,
        question_id: str,
        text: str | list[str],
        competition_id: str,
        key: str = "",
    ) -> Answer:
        # No transaction stays open: the writer, which comes next, may have to wait for its turn.
        place = ("submission context", caller.token_id, instance_id)
        context: Context | None = self._cache.get(place)
        if context is None:
            context = await self._look_up(caller, instance_id, place)
        if competition_id not in ("", context.competition.id):
            raise _no_instance()
        _require_open(context.competition)
        # What it was asked, in the version that it shows, whatever is current by now.
        try:
            challenge = await self._library.of(context.challenge_id, context.digest)
        except OSError as error:
            raise Unavailable(
                "store_unavailable",
                "The challenge cannot be read now.",
                headers={"Retry-After": "5"},
            ) from error
        challenge = challenge or get_challenge(self._catalogue, context.challenge_id)
        return await self._to_question(context, caller, challenge, question_id, text, key)

    async def _to_question(
        self,
        context: Context,
        caller: Caller,
        challenge: Challenge,
        question_id: str,
        text: str | list[str],
        key: str,
    ) -> Answer:
        where = (context.team_id, context.instance_id or "", challenge.id, question_id)
        id_ = _id_by_key(key, caller.user_id, *where, text) if key else new_id()
        default = asked.OF_INSTANCES if context.instance_id else asked.WITHOUT_INSTANCE
        question = asked.named(challenge.metadata.questions, question_id, default)
        if question is None and key:  # sent once more it is for the same question, not the next
            before = await self._database.read(_QUESTION_OF, id=id_)
            question = challenge.metadata.question(before[0].question_id) if before else None
        if question is None:
            rows = await self._database.read(
                _SOLVED, team_id=context.team_id, challenge_id=challenge.id
            )
            solved = {row.question_id for row in rows}
            question = asked.the_open_one(challenge.metadata.questions, solved)
        return Answer(id_, bool(key), context, caller.user_id, challenge, question, text)

    async def _look_up(self, caller: Caller, instance_id: str, key: Hashable) -> Context:
        cache = self._cache
        while True:
            before = cache.changes
            rows = await self._database.read(
                _CONTEXT, user_id=caller.user_id, instance_id=instance_id
            )
            if not rows or not caller.sees_competition(rows[0].competition_id):
                raise _no_instance()
            row = rows[0]
            competition = await get_competition(self._database, cache, row.competition_id)
            stamp = cache.stamp_since(before, f"competition:{row.competition_id}")
            if stamp is not None:
                break
        context = Context(
            competition,
            row.team_id,
            row.team_name,
            row.challenge_id,
            instance_id,
            row.requested_at,
            digest=row.challenge_digest,
            max_attempts=row.max_attempts,
        )
        cache.put(key, context, (*caller.stamp, *stamp))
        return context

    async def _play(
        self, caller: Caller, competition_id: str, challenge_id: str, key: Hashable
    ) -> Context:
        cache = self._cache
        while True:
            before = cache.changes
            row = await require_team(self._database, caller, competition_id)
            competition = Competition.of(row)
            _require_open(competition)  # first: until it starts, nothing tells what is in it
            offer = await offered(self._database, caller, competition_id, challenge_id)
            stamp = cache.stamp_since(before, f"competition:{competition_id}")
            if stamp is not None:
                break
        context = Context(
            competition,
            row.team_id,
            row.team_name,
            challenge_id,
            instance_id=None,
            started_at=None,
            in_competition=row.challenge_ids,
            max_attempts=offer.max_attempts,
        )
        cache.put(key, context, (*caller.stamp, *stamp))
        return context

    async def _submit(self, answer: Answer) -> SubmissionResponse:
        attempt = self._graded(answer, scores=True)
        if attempt.grade.correct and await self._was_struck(answer):
            form = short_form(answer.question, answer.text)
            grade = replace(attempt.grade, correct=False, form=form)
            attempt = replace(attempt, grade=grade, solve_time_s=0.0, overruled=True)
        recorded = await self._record(answer, attempt)
        cap, wrong = attempt.grade.cap, recorded.outcome.wrong
        return SubmissionResponse(
            id=attempt.id,
            correct=attempt.grade.correct,
            solve_time_s=attempt.solve_time_s,
            solve_rank=recorded.rank,
            question_id=answer.question.id,
            challenge_fully_solved=recorded.solved,
            attempts_remaining=None if cap is None else max(0, cap - wrong),
        )

    async def _was_struck(self, answer: Answer) -> bool:
        """Whether the team gave the same before, and whoever runs the competition struck it."""
        question, context = answer.question, answer.context
        rows = await self._database.read(
            _STRUCK,
            competition_id=context.competition.id,
            team_id=context.team_id,
            challenge_id=answer.challenge.id,
            question_id=question.id,
        )
        form = question.form(answer.text)
        return any(question.form(way) == form for row in rows for way in ways_of(row.answer))

    def _graded(self, answer: Answer, *, scores: bool) -> Attempt:
        """The answer with its grade, as it is written down. Raises `answer_malformed`."""
        context, question, moment = answer.context, answer.question, now()
        if refusal := question.refusal(answer.text):
            raise Invalid("answer_malformed", refusal)
        minted = question.minted and context.instance_id is not None
        expected = derive(self._secret, context.instance_id or "", question) if minted else ""
        correct = question.is_correct(answer.text, expected)
        started = context.started_at or moment
        text = answer.text if isinstance(answer.text, str) else json.dumps(answer.text)
        seen = clean(text)  # an unseen character hides no other team's answer
        suspicious = minted and looks_dynamic(seen)
        return Attempt(
            id=answer.id,
            repeatable=answer.repeatable,
            competition_id=context.competition.id,
            audience=audience_of_solves(context.competition, moment),
            tells_rank=tells_solves(context.competition, moment),
            practice=context.competition.is_over_at(moment),
            team_id=context.team_id,
            team_name=context.team_name,
            user_id=answer.user_id,
            challenge_id=answer.challenge.id,
            instance_id=context.instance_id,
            answer=text,
            grade=Graded(
                question.id,
                correct,
                scores,
                cap=context.max_attempts or question.cap(self._settings.question_attempt_caps),
                form="" if correct else short_form(question, answer.text),
                requires=question.requires,
                questions=[q.id for q in answer.challenge.metadata.questions],
            ),
            solve_time_s=(moment - started).total_seconds() if correct else 0.0,
            submitted_at=moment,
            digest=digest(self._secret, seen) if suspicious else None,
            # Base64 of `FLAG{` begins like this: somebody forgot to decode it.
            wrapped=text.strip().startswith("RkxBR3"),
        )

    async def _record(self, answer: Answer, attempt: Attempt) -> Recorded:
        recorded = await self._writer.record(attempt)
        outcome, cap = recorded.outcome, attempt.grade.cap
        if outcome.verdict == Verdict.WITHDRAWN:
            raise out_of_competition()
        if outcome.verdict == Verdict.LOCKED:
            raise Conflict(
                "question_locked",
                f"Answer {', '.join(outcome.missing)} first.",
                requires=outcome.missing,
            )
        if outcome.verdict == Verdict.CAPPED:
            raise TooMany(
                "question_attempt_cap_exceeded",
                f"Your team was wrong {outcome.wrong} times, and {cap} is the most for this "
                "question. Only an admin of the platform can reset your attempts: ask the "
                "organisers.",
                headers={"Retry-After": "1"},
                mode=answer.question.mode,
                wrong_attempts=outcome.wrong,
                cap=cap,
            )
        return recorded


TheSubmissions = Annotated[Submissions, provided(Submissions)]


def _id_by_key(*parts: str | list[str]) -> str:
    """The id of the submission that a request with an idempotency key makes, again and again."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def short_form(question: Question, text: str | list[str]) -> str:
    """A few characters that stand for an answer of any length, the same for all that are one."""
    return hashlib.sha256(question.form(text).encode()).hexdigest()[:32]


def ways_of(answer: str) -> list[str | list[str]]:
    """What a kept answer may have been when it came: a text, or a list that is kept as JSON."""
    ways: list[str | list[str]] = [answer]
    if answer.startswith("["):
        try:
            several = json.loads(answer)
        except ValueError:
            return ways
        if isinstance(several, list) and all(isinstance(each, str) for each in several):
            ways.append(several)
    return ways


def check_may_submit(caller: Caller) -> None:
    """Raise 403 when the caller's token does not reach as far as submitting."""
    caller.check_scope(Scope.SUBMISSIONS, ScopeLevel.WRITE)


def _no_instance() -> NotFound:
    return NotFound("instance_not_found", "Your teams have no such instance.")


def _require_open(competition: Competition) -> None:
    if competition.status != "published":
        raise Conflict("competition_ended", "This competition is not open any more.")
    require_running(competition)
