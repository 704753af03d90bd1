"""Challenges of the catalogue, with what competitions made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.server.models.challenges import (
    AttachmentInfo,
    ChallengeFacetCount,
    ChallengeFacets,
    ChallengeInfo,
    QuestionPublicInfo,
)
from ctfy.server.standings.board import Board
from ctfy.server.standings.scoring import value_after

SORTS: dict[str, Callable[[ChallengeInfo], tuple[object, ...]]] = {
    "": lambda _: (),
    "name": lambda c: (c.name.casefold(),),
    "difficulty": lambda c: (("easy", "medium", "hard").index(c.difficulty),),
    "solves": lambda c: (c.solves_count,),
    "-solves": lambda c: (-c.solves_count,),
    "value": lambda c: (c.value,),
    "-value": lambda c: (-c.value,),
}
STATUSES = ("solved", "unsolved")


@dataclass(frozen=True, slots=True)
class ChallengeFilter:
    """What a player looks for; empty fields match everything."""

    difficulty: str = ""
    tag: str = ""
    text: str = ""
    category: str = ""

    def matches(self, challenge: Challenge) -> bool:
        """Whether a challenge is looked for. Text matches name, description and tags."""
        meta = challenge.metadata
        if self.difficulty and meta.difficulty != self.difficulty:
            return False
        if self.category and meta.category != self.category:
            return False
        if self.tag and self.tag not in meta.tags:
            return False
        if not self.text:
            return True
        searched = "\n".join([challenge.id, meta.name, meta.description, *meta.tags])
        return self.text.casefold() in searched.casefold()


def unknown_challenges(catalogue: Catalogue, ids: list[str]) -> list[str]:
    """The ids that the catalogue does not have."""
    return [id_ for id_ in ids if catalogue.get(id_) is None]


@dataclass(frozen=True)
class Sight:
    """What a caller sees of some competitions.

    `boards`: as they are shown to the caller; `own`: the caller's team per competition, with the
    board that holds its newest solves.
    """

    boards: list[Board]
    own: list[tuple[Board, str]] = field(default_factory=list)
    sees_locked: bool = False

    def solved_questions(self, challenge_id: str) -> set[str]:
        """The questions of a challenge that any of the caller's teams answered."""
        return {
            question_id
            for board, team_id in self.own
            for question_id in board.solves.get(team_id, {}).get(challenge_id, {})
        }

    def is_solved(self, challenge_id: str) -> bool:
        """Whether any of the caller's teams solved a challenge whole."""
        return any(team_id in board.whole.get(challenge_id, {}) for board, team_id in self.own)

    def missing(self, challenge: Challenge) -> list[str]:
        """What keeps a challenge locked for the caller: the challenges to solve first.

        A challenge is open where any of the competitions has it open.
        """
        if self.sees_locked or not challenge.metadata.unlocked_by:
            return []
        teams = {board.competition_id: (board, team_id) for board, team_id in self.own}
        fewest: list[str] | None = None
        for board in self.boards:
            if challenge.id not in board.rules.challenge_ids:
                continue
            live, team_id = teams.get(board.competition_id, (board, ""))
            needed = [
                id_
                for id_ in challenge.metadata.unlocked_by
                if id_ in board.rules.challenge_ids and team_id not in live.whole.get(id_, {})
            ]
            fewest = needed if fewest is None or len(needed) < len(fewest) else fewest
        return fewest or []


def challenge_info(challenge: Challenge, sight: Sight) -> ChallengeInfo:
    """A challenge on the wire. A locked one shows its name and what unlocks it."""
    meta = challenge.metadata
    missing = sight.missing(challenge)
    solves = sum(len(board.whole.get(challenge.id, {})) for board in sight.boards)
    answered: Counter[str] = Counter()
    for board in sight.boards:
        answered.update(board.answered.get(challenge.id, {}))
    done = sight.solved_questions(challenge.id)
    return ChallengeInfo(
        id=challenge.id,
        name=meta.name,
        category=meta.category,
        difficulty=meta.difficulty,
        description="" if missing else meta.description,
        solves_count=solves,
        launch_count=sum(board.launches.get(challenge.id, 0) for board in sight.boards),
        tags=meta.tags,
        questions=[] if missing else public_questions(challenge),
        flag_solves={q.id: answered[q.id] for q in meta.questions},
        attachments=[] if missing else attachment_infos(challenge),
        is_qa_only=challenge.is_qa_only,
        value=value_after(meta.value, solves),
        solved=sight.is_solved(challenge.id),
        solved_question_ids=[q.id for q in meta.questions if q.id in done],
        locked=bool(missing),
        unlocked_by=missing,
        hints=len(meta.hints),
    )


def public_questions(challenge: Challenge) -> list[QuestionPublicInfo]:
    """A challenge's questions without their answers."""
    return [
        QuestionPublicInfo(
            id=q.id,
            prompt=q.prompt,
            mode=q.mode,
            choices=q.options,
            requires=q.requires,
            input=q.input,
        )
        for q in challenge.metadata.questions
    ]


def infos(
    catalogue: Catalogue, ids: Iterable[str], wanted: ChallengeFilter, sight: Sight
) -> list[ChallengeInfo]:
    """The wanted ones of some challenges, in their order."""
    found = (catalogue.get(id_) for id_ in ids)
    return [challenge_info(c, sight) for c in found if c is not None and wanted.matches(c)]


def facets(challenges: list[ChallengeInfo]) -> ChallengeFacets:
    """What some challenges can be filtered by, with counts."""

    def count(values: Callable[[ChallengeInfo], list[str]]) -> list[ChallengeFacetCount]:
        total: Counter[str] = Counter()
        solved: Counter[str] = Counter()
        for challenge in challenges:
            total.update(values(challenge))
            if challenge.solved:
                solved.update(values(challenge))
        return [
            ChallengeFacetCount(value=value, total=total[value], solved=solved[value])
            for value in sorted(total)
        ]

    return ChallengeFacets(
        total=len(challenges),
        difficulty=count(lambda c: [c.difficulty]),
        category=count(lambda c: [c.category.value]),
        tags=count(lambda c: c.tags),
        status=count(lambda c: ["solved" if c.solved else "unsolved"]),
    )


def attachment_infos(challenge: Challenge) -> list[AttachmentInfo]:
    """The challenge's files. A template's size is that of its source until it is rendered."""
    return [
        AttachmentInfo(name=name, size=path.stat().st_size)
        for name, path in challenge.attachments.items()
    ]
