"""What people did there, as rows: answers right and wrong, awards and hints."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.folders import printable
from ctfy.challenge.importers.draft import Outcome
from ctfy.challenge.question import Question
from ctfy.server.database.base import new_id
from ctfy.server.moving.people import People
from ctfy.server.moving.source import (
    Answer,
    Bonus,
    ExportRefused,
    Key,
    MovedChallenge,
    Row,
    Source,
)

_MOST_OF_AN_ANSWER = 4096
_STEP = timedelta(microseconds=1)
_GRADED = ("solve", "wrong", "part")


@dataclass
class Play:
    """Rows of all that was done."""

    submissions: list[Row] = field(default_factory=list)
    solves: list[Row] = field(default_factory=list)
    challenge_solves: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    hint_unlocks: list[Row] = field(default_factory=list)
    awards: list[Row] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def solve_counts(source: Source) -> Counter[Key | None]:
    """How many teams that count solved each challenge. Raises ExportRefused on one solved twice."""
    counting = {team.id for team in source.teams if team.counts}
    solved: set[tuple[Key, Key | None]] = set()
    for answer in source.answers:
        if answer.kind != "solve" or answer.team is None:
            continue
        if (answer.team, answer.challenge) in solved:
            id_ = printable(str(answer.id))[:80]
            raise ExportRefused(f"solve {id_} is of a challenge that the team has solved before")
        solved.add((answer.team, answer.challenge))
    return Counter(challenge for team, challenge in solved if team in counting)


def moments(source: Source) -> tuple[dict[tuple[type, Key], datetime], int]:
    """When each solve and award was, no two at once; and how many were moved for that.

    Others break ties by a number, and we by the moment: those of one moment follow each other by
    microseconds, in the order that their source gives them.
    """
    scored: list[Answer | Bonus] = [one for one in source.answers if one.kind == "solve"]
    scored += source.bonuses
    happened = [(one.at, one.order, place) for place, one in enumerate(scored) if one.at]
    found: dict[tuple[type, Key], datetime] = {}
    last: datetime | None = None
    moved = 0
    for at, _, place in sorted(happened):
        kept = at if last is None or at > last else last + _STEP
        moved += kept != at
        found[type(scored[place]), scored[place].id] = last = kept
    return found, moved


def play(
    source: Source,
    people: People,
    challenges: list[MovedChallenge],
    catalogue: Catalogue,
    competition_id: str,
) -> Play:
    """The rows of what everybody did."""
    done = Play()
    when, moved = moments(source)
    if moved:
        why = "by microseconds, for ties are broken by the moment here"
        done.outcomes.append(Outcome(f"moments of solves: {moved}", "changed", why))
    ours = {one.id: catalogue.challenges[one.draft.id] for one in challenges}
    _Answers(source, people, ours, competition_id, when).add_to(done)
    _awards(source, people, competition_id, when, done)
    _unlocks(source, people, challenges, competition_id, done)
    return done


class _Answers:
    def __init__(
        self,
        source: Source,
        people: People,
        ours: dict[Key, Any],
        competition_id: str,
        when: dict[tuple[type, Key], datetime],
    ) -> None:
        self._source, self._people, self._ours = source, people, ours
        self._competition_id, self._when = competition_id, when
        self._by_our_id = {challenge.id: challenge for challenge in ours.values()}
        self._wrong: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)

    def add_to(self, done: Play) -> None:
        counted: Counter[str] = Counter()
        ranks: Counter[str] = Counter()
        whole: list[tuple[datetime, Row, str]] = []
        for answer in self._source.answers:
            team_id = self._people.teams.get(answer.team) if answer.team is not None else None
            challenge = self._ours.get(answer.challenge) if answer.challenge is not None else None
            at = self._when.get((Answer, answer.id)) if answer.kind == "solve" else answer.at
            if team_id is None or challenge is None or answer.person is None or at is None:
                counted["nobody's"] += 1
                continue
            if answer.kind not in _GRADED:
                counted[answer.kind] += 1
                continue
            common = {
                "competition_id": self._competition_id,
                "team_id": team_id,
                "user_id": self._people.users[answer.person],
                "challenge_id": challenge.id,
            }
            questions = challenge.metadata.questions
            counted[answer.kind] += 1
            if answer.kind == "solve":
                whole.append((at, common, answer.text))
            elif answer.kind == "wrong":
                self._submission(done, common, questions[0], answer.text, at, correct=False)
                for question in questions:
                    if question.attempts:
                        key = (team_id, challenge.id, question.id, common["user_id"])
                        self._wrong[key] += 1
            else:
                question = _meant(questions, answer.text)
                self._submission(done, common, question, answer.text, at, correct=True)
        for at, row, text in sorted(whole, key=lambda solve: solve[0]):
            self._solve(done, row, text, at, ranks)
        done.attempts = [
            {
                "team_id": team_id,
                "challenge_id": challenge_id,
                "question_id": question_id,
                "user_id": user_id,
                "competition_id": self._competition_id,
                "wrong": wrong,
            }
            for (team_id, challenge_id, question_id, user_id), wrong in self._wrong.items()
        ]
        if self._source.answers:
            self._say(done, counted)

    def _solve(self, done: Play, row: Row, text: str, at: datetime, ranks: Counter[str]) -> None:
        for question in self._by_our_id[row["challenge_id"]].metadata.questions:
            submission_id = self._submission(done, row, question, text, at, correct=True)
            solve = {**row, "question_id": question.id, "submission_id": submission_id}
            done.solves.append({**solve, "solved_at": at})
        ranks[row["challenge_id"]] += 1
        del row["user_id"]
        done.challenge_solves.append({**row, "rank": ranks[row["challenge_id"]], "solved_at": at})

    def _submission(
        self,
        done: Play,
        common: Row,
        question: Question,
        text: str,
        at: datetime,
        *,
        correct: bool,
    ) -> str:
        id_, start = new_id(), self._source.starts_at
        took = (at - start).total_seconds() if correct and start else 0.0
        done.submissions.append(
            {
                **common,
                "id": id_,
                "question_id": question.id,
                "answer": text.replace("\0", "")[:_MOST_OF_AN_ANSWER],
                "correct": correct,
                "solve_time_s": max(took, 0.0),
                "submitted_at": at,
            }
        )
        return id_

    def _say(self, done: Play, counted: Counter[str]) -> None:
        say = done.outcomes.append
        say(Outcome(f"solves: {counted.pop('solve', 0)}", "carried"))
        if wrong := counted.pop("wrong", 0):
            say(Outcome(f"wrong answers: {wrong}", "carried"))
        if partial := counted.pop("part", 0):
            why = "they are kept, and have to be given again: nothing was solved by them there"
            say(Outcome(f"answers to parts: {partial}", "changed", why))
        for kind, count in sorted(counted.items()):
            why = "by nobody who plays" if kind == "nobody's" else "they were not graded there"
            say(Outcome(f"answers, {kind}: {count}", "dropped", why))


def _meant(questions: list[Question], given: str) -> Question:
    """The question that an answer is right for; the first, where none is."""
    return next((q for q in questions if not q.minted and q.is_correct(given)), questions[0])


def _awards(
    source: Source,
    people: People,
    competition_id: str,
    when: dict[tuple[type, Key], datetime],
    done: Play,
) -> None:
    lost = 0
    for bonus in source.bonuses:
        team_id = people.teams.get(bonus.team) if bonus.team is not None else None
        at = when.get((Bonus, bonus.id))
        if team_id is None or at is None:
            lost += 1
            continue
        done.awards.append(
            {
                "id": new_id(),
                "competition_id": competition_id,
                "team_id": team_id,
                "user_id": people.users.get(bonus.person) if bonus.person is not None else None,
                "name": bonus.name[:200],
                "description": bonus.description[:2000],
                "category": bonus.category[:80],
                "points": bonus.points,
                "awarded_at": at,
            }
        )
    if done.awards:
        done.outcomes.append(Outcome(f"awards: {len(done.awards)}", "carried"))
    if lost:
        done.outcomes.append(Outcome(f"awards: {lost}", "dropped", "nobody's who plays"))


def _unlocks(
    source: Source,
    people: People,
    challenges: list[MovedChallenge],
    competition_id: str,
    done: Play,
) -> None:
    """The hints that were taken. What they cost came as an award, as it was there."""
    ours = {
        theirs: (one.draft.id, hint) for one in challenges for theirs, hint in one.hints.items()
    }
    lost, seen = 0, set()
    for taken in source.hints_taken:
        team_id = people.teams.get(taken.team) if taken.team is not None else None
        user_id = people.users.get(taken.person) if taken.person is not None else None
        found = ours.get(taken.hint) if taken.hint is not None else None
        if not (team_id and user_id and found and taken.at) or (team_id, found) in seen:
            lost += 1
            continue
        seen.add((team_id, found))
        challenge_id, hint_id = found
        done.hint_unlocks.append(
            {
                "team_id": team_id,
                "challenge_id": challenge_id,
                "hint_id": hint_id,
                "competition_id": competition_id,
                "user_id": user_id,
                "cost": 0,
                "unlocked_at": taken.at,
            }
        )
    if done.hint_unlocks:
        why = "what they cost is among the awards, as it was there"
        done.outcomes.append(Outcome(f"hints taken: {len(done.hint_unlocks)}", "changed", why))
    if lost:
        why = "of hints that are gone, of solutions, or nobody's who plays"
        done.outcomes.append(Outcome(f"unlocks: {lost}", "dropped", why))
