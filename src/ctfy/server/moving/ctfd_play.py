"""What people did on CTFd, as rows: answers right and wrong, awards, hints, and the standings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.importers.draft import Outcome
from ctfy.challenge.question import Question
from ctfy.server.database.base import new_id
from ctfy.server.moving.ctfd_challenges import MovedChallenge
from ctfy.server.moving.ctfd_export import Export, ExportRefused, Row, moment, named
from ctfy.server.moving.ctfd_people import People, plays_in_teams

_MOST_OF_AN_ANSWER = 4096
_STEP = timedelta(microseconds=1)


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


class Standing(NamedTuple):
    """A place in their standings."""

    account: int
    points: int


def _account(export: Export) -> str:
    return "team_id" if plays_in_teams(export) else "user_id"


def check(export: Export) -> None:
    """Raise ExportRefused on rows that name what is not there, or have no moment that is one."""
    ids = {
        table: {row.get("id") for row in export.rows(table)}
        for table in ("users", "teams", "challenges", "submissions")
    }
    names = {"user_id": "users", "team_id": "teams", "challenge_id": "challenges"}
    for table in ("challenges", "users", "teams", "submissions", "solves", "awards", "hints"):
        seen: set[int] = set()
        for row in export.rows(table):
            id_ = row.get("id")
            if not isinstance(id_, int) or id_ in seen:
                problem = f"a row has the id {id_!r}, which is none, or is there twice"
                raise ExportRefused(f"db/{table}.json: {problem}")
            seen.add(id_)
            for column, other in names.items():
                if column in row and row[column] is not None and row[column] not in ids[other]:
                    raise ExportRefused(
                        f"db/{table}.json: row {id_} names {other} {row[column]}, which "
                        f"db/{other}.json has not"
                    )
            try:
                for column in ("date", "created"):
                    moment(row.get(column))
                for column in ("value", "cost"):
                    int(row.get(column) or 0)
            except (ValueError, TypeError, OverflowError) as error:
                raise ExportRefused(f"db/{table}.json: row {id_}: {error}") from None
    submitted = {row["id"]: row for row in export.rows("submissions")}
    solved: set[tuple[Any, Any]] = set()
    for row in export.rows("solves"):
        given = submitted.get(row["id"])
        if given is None or given.get("date") is None or row.get("challenge_id") is None:
            raise ExportRefused(
                f"db/solves.json: row {row['id']} has no answer in db/submissions.json"
            )
        whose = (row.get(_account(export)), row["challenge_id"])
        if whose[0] is not None and whose in solved:
            raise ExportRefused(f"db/solves.json: row {row['id']} solves a challenge once more")
        solved.add(whose)


def solve_counts(export: Export, counting: Iterable[int]) -> dict[int, int]:
    """How many accounts that count solved each challenge."""
    found: defaultdict[int, int] = defaultdict(int)
    playing, key = set(counting), _account(export)
    for row in export.rows("solves"):
        if row.get(key) in playing:
            found[row["challenge_id"]] += 1
    return found


def standings(export: Export, counting: Iterable[int]) -> list[Standing]:
    """Their standings: the sum of values and awards, and of equals who came to it first.

    What is worth nothing moves nobody. An account without any other is not in it.
    """
    values = {row["id"]: int(row.get("value") or 0) for row in export.rows("challenges")}
    totals = _Totals(export, values)
    playing = set(counting)
    listed = [account for account in totals.last if account in playing]
    listed.sort(key=lambda a: (-totals.points[a], totals.last[a], totals.tie[a]))
    return [Standing(account, totals.points[account]) for account in listed]


class _Totals:
    """Each account's points, when it came to them, and the number that breaks a tie in time."""

    def __init__(self, export: Export, values: dict[int, int]) -> None:
        self.points: defaultdict[int, int] = defaultdict(int)
        self.last: dict[int, datetime] = {}
        self.tie: defaultdict[int, int] = defaultdict(int)
        dates = {row["id"]: row.get("date") for row in export.rows("submissions")}
        key = _account(export)
        scored = [
            (row.get(key), row["id"], moment(dates[row["id"]]), values[row["challenge_id"]])
            for row in export.rows("solves")
        ]
        scored += [
            (row.get(key), row["id"], moment(row.get("date")), int(row.get("value") or 0))
            for row in export.rows("awards")
        ]
        for account, id_, at, points in scored:
            if account is None or not points or at is None:
                continue
            self.points[account] += points
            self.last[account] = max(self.last.get(account, at), at)
            self.tie[account] = max(self.tie[account], id_)


def moments(export: Export) -> tuple[dict[tuple[str, int], datetime], int]:
    """When each solve and award was, no two at once; and how many were moved for that.

    CTFd breaks ties by a number, and we by the moment: where it noted whole seconds alone, those
    of one second follow each other by microseconds, in the order of the numbers.
    """
    values = {row["id"]: int(row.get("value") or 0) for row in export.rows("challenges")}
    tie, key = _Totals(export, values).tie, _account(export)
    dates = {row["id"]: row.get("date") for row in export.rows("submissions")}
    happened = [
        (at, tie[row.get(key) or 0], row["id"], table)
        for table in ("solves", "awards")
        for row in export.rows(table)
        if (at := moment(dates[row["id"]] if table == "solves" else row.get("date")))
    ]
    found: dict[tuple[str, int], datetime] = {}
    last: datetime | None = None
    moved = 0
    for at, _, id_, table in sorted(happened):
        kept = at if last is None or at > last else last + _STEP
        moved += kept != at
        found[table, id_] = last = kept
    return found, moved


def play(
    export: Export,
    people: People,
    challenges: list[MovedChallenge],
    catalogue: Catalogue,
    competition_id: str,
    starts_at: datetime | None,
) -> Play:
    """The rows of what everybody did."""
    done = Play()
    when, moved = moments(export)
    if moved:
        why = "by microseconds, for ties are broken by the moment here"
        done.outcomes.append(Outcome(f"moments of solves: {moved}", "changed", why))
    ours = {one.id: catalogue.challenges[one.draft.id] for one in challenges}
    _Answers(export, people, ours, competition_id, starts_at, when).add_to(done)
    _awards(export, people, competition_id, when, done)
    _unlocks(export, people, challenges, competition_id, done)
    return done


class _Answers:
    def __init__(
        self,
        export: Export,
        people: People,
        ours: dict[int, Any],
        competition_id: str,
        starts_at: datetime | None,
        when: dict[tuple[str, int], datetime],
    ) -> None:
        self._export, self._people, self._ours = export, people, ours
        self._competition_id, self._starts_at, self._when = competition_id, starts_at, when
        self._key = _account(export)
        self._wrong: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)

    def add_to(self, done: Play) -> None:
        solves = {row["id"] for row in self._export.rows("solves")}
        counted: defaultdict[str, int] = defaultdict(int)
        ranks: defaultdict[str, int] = defaultdict(int)
        rows = self._export.rows("submissions")
        whole: dict[int, Row] = {}
        for row in rows:
            kind, team_id = str(row.get("type")), self._people.teams.get(named(row, self._key))
            challenge, user_id = self._ours.get(named(row, "challenge_id")), row.get("user_id")
            at = self._when.get(("solves", row["id"])) or moment(row.get("date"))
            if team_id is None or challenge is None or user_id is None or at is None:
                counted["nobody's"] += 1
                continue
            if kind not in ("correct", "incorrect", "partial"):
                counted[kind] += 1
                continue
            common = {
                "competition_id": self._competition_id,
                "team_id": team_id,
                "user_id": self._people.users[user_id],
                "challenge_id": challenge.id,
            }
            if row["id"] in solves:
                whole[row["id"]] = {**common, "at": at, "provided": row.get("provided")}
            elif kind == "incorrect":
                counted["wrong"] += 1
                first = challenge.metadata.questions[0]
                self._submission(done, common, first, row, at, correct=False)
                for question in challenge.metadata.questions:
                    if question.attempts:
                        key = (team_id, challenge.id, question.id, common["user_id"])
                        self._wrong[key] += 1
            else:
                counted["partial"] += 1
                question = _meant(challenge.metadata.questions, row.get("provided"))
                self._submission(done, common, question, row, at, correct=True)
        for row in sorted(whole.values(), key=lambda row: row["at"]):
            self._solve(done, row, ranks)
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
        self._say(done, counted, len(whole))

    def _solve(self, done: Play, row: Row, ranks: dict[str, int]) -> None:
        at, given = row.pop("at"), {"provided": row.pop("provided")}
        questions = self._ours_by_id[row["challenge_id"]].metadata.questions
        for question in questions:
            submission_id = self._submission(done, row, question, given, at, correct=True)
            solve = {**row, "question_id": question.id, "submission_id": submission_id}
            done.solves.append({**solve, "solved_at": at})
        ranks[row["challenge_id"]] += 1
        del row["user_id"]
        done.challenge_solves.append({**row, "rank": ranks[row["challenge_id"]], "solved_at": at})

    @property
    def _ours_by_id(self) -> dict[str, Any]:
        return {challenge.id: challenge for challenge in self._ours.values()}

    def _submission(
        self, done: Play, common: Row, question: Question, row: Row, at: datetime, *, correct: bool
    ) -> str:
        id_ = new_id()
        took = (at - self._starts_at).total_seconds() if correct and self._starts_at else 0.0
        done.submissions.append(
            {
                **common,
                "id": id_,
                "question_id": question.id,
                "answer": str(row.get("provided") or "").replace("\0", "")[:_MOST_OF_AN_ANSWER],
                "correct": correct,
                "solve_time_s": max(took, 0.0),
                "submitted_at": at,
            }
        )
        return id_

    def _say(self, done: Play, counted: dict[str, int], solves: int) -> None:
        say = done.outcomes.append
        say(Outcome(f"solves: {solves}", "carried"))
        say(Outcome(f"wrong answers: {counted.pop('wrong', 0)}", "carried"))
        if partial := counted.pop("partial", 0):
            why = "they are kept, and have to be given again: nothing was solved by them there"
            say(Outcome(f"answers to parts: {partial}", "changed", why))
        for kind, count in sorted(counted.items()):
            why = "by nobody who plays" if kind == "nobody's" else "they were not graded there"
            say(Outcome(f"answers, {kind}: {count}", "dropped", why))


def _meant(questions: list[Question], provided: Any) -> Question:
    """The question that an answer is right for; the first, where none is."""
    given = str(provided or "")
    return next((q for q in questions if not q.minted and q.is_correct(given)), questions[0])


def _awards(
    export: Export,
    people: People,
    competition_id: str,
    when: dict[tuple[str, int], datetime],
    done: Play,
) -> None:
    key, lost = _account(export), 0
    for row in export.rows("awards"):
        team_id, at = people.teams.get(named(row, key)), when.get(("awards", row["id"]))
        if team_id is None or at is None:
            lost += 1
            continue
        done.awards.append(
            {
                "id": new_id(),
                "competition_id": competition_id,
                "team_id": team_id,
                "user_id": people.users.get(named(row, "user_id")),
                "name": str(row.get("name") or "")[:200],
                "description": str(row.get("description") or "")[:2000],
                "category": str(row.get("category") or "")[:80],
                "points": int(row.get("value") or 0),
                "awarded_at": at,
            }
        )
    if done.awards:
        done.outcomes.append(Outcome(f"awards: {len(done.awards)}", "carried"))
    if lost:
        done.outcomes.append(Outcome(f"awards: {lost}", "dropped", "nobody's who plays"))
    if any(row.get("icon") for row in export.rows("awards")):
        done.outcomes.append(Outcome("awards' icons", "dropped", "awards have none here"))


def _unlocks(
    export: Export,
    people: People,
    challenges: list[MovedChallenge],
    competition_id: str,
    done: Play,
) -> None:
    """The hints that were taken. What they cost came as an award, as it was there."""
    ours = {
        theirs: (one.draft.id, hint) for one in challenges for theirs, hint in one.hints.items()
    }
    key, lost, seen = _account(export), 0, set()
    for row in export.rows("unlocks"):
        team_id, found = people.teams.get(named(row, key)), ours.get(named(row, "target"))
        user_id, at = people.users.get(named(row, "user_id")), moment(row.get("date"))
        known = row.get("type") == "hints" and team_id and found and user_id and at
        if not known or (team_id, found) in seen:
            lost += 1
            continue
        seen.add((team_id, found))
        challenge_id, hint_id = found or ("", "")
        done.hint_unlocks.append(
            {
                "team_id": team_id,
                "challenge_id": challenge_id,
                "hint_id": hint_id,
                "competition_id": competition_id,
                "user_id": user_id,
                "cost": 0,
                "unlocked_at": at,
            }
        )
    if done.hint_unlocks:
        why = "what they cost is among the awards, as it was there"
        done.outcomes.append(Outcome(f"hints taken: {len(done.hint_unlocks)}", "changed", why))
    if lost:
        why = "of hints that are gone, of solutions, or nobody's who plays"
        done.outcomes.append(Outcome(f"unlocks: {lost}", "dropped", why))
