"""Challenges of the catalogue, with what competitions made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.server.challenges.visibility import ChallengeView
from ctfy.server.models.challenges import (
    AttachmentInfo,
    ChallengeFacetCount,
    ChallengeFacets,
    ChallengeInfo,
    QuestionPublicInfo,
)
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


EVERYTHING = ChallengeFilter()


def challenge_info(challenge: Challenge, view: ChallengeView) -> ChallengeInfo:
    """A challenge on the wire. A locked one shows its name and what unlocks it."""
    info = _as_all_see_it(challenge, view)
    missing = view.missing(challenge)
    done = view.solved_questions(challenge.id)
    solved = view.is_solved(challenge.id)
    if not (missing or done or solved):
        return info
    own: dict[str, object] = {
        "solved": solved,
        "solved_question_ids": [q.id for q in challenge.metadata.questions if q.id in done],
    }
    if missing:
        own |= {"locked": True, "unlocked_by": missing, "description": ""}
        own |= {"questions": [], "attachments": []}
    return info.model_copy(update=own)


def _as_all_see_it(challenge: Challenge, view: ChallengeView) -> ChallengeInfo:
    """A challenge as somebody sees it who solved nothing, where nothing is locked.

    Most of a list is the same for all: it is made once, until somebody launches or solves it.
    """
    id_, meta, boards = challenge.id, challenge.metadata, view.boards
    offer = view.offer(id_)
    solves = sum(len(board.challenge_solves.get(id_, ())) for board in boards)
    launches = sum(board.launches.get(id_, 0) for board in boards)
    answered = {q.id: sum(b.answers(id_, q.id) for b in boards) for q in meta.questions}
    of = (challenge, offer, solves, launches, answered)
    drawn: dict[str, tuple[object, Any]] = boards[0].drawn_challenges if boards else {}
    known = drawn.get(id_)
    if known is not None and known[0] == of:
        info: ChallengeInfo = known[1]
        return info
    info = ChallengeInfo(
        id=id_,
        name=meta.name,
        category=meta.category,
        difficulty=meta.difficulty,
        description=meta.description,
        solves_count=solves,
        launch_count=launches,
        tags=meta.tags,
        questions=public_questions(challenge),
        flag_solves=answered,
        attachments=attachment_infos(challenge),
        is_qa_only=challenge.is_qa_only,
        value=value_after(meta.value if offer.value is None else offer.value, solves),
        hints=len(meta.hints),
        state=offer.state,
    )
    drawn[id_] = (of, info)
    return info


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
    catalogue: Catalogue, view: ChallengeView, wanted: ChallengeFilter = EVERYTHING
) -> list[ChallengeInfo]:
    """The wanted ones of the challenges that somebody sees, in their order."""
    found = (catalogue.get(id_) for id_ in view.ids)
    return [challenge_info(c, view) for c in found if c is not None and wanted.matches(c)]


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
        AttachmentInfo(name=name, size=path.lstat().st_size)
        for name, path in challenge.attachments.items()
    ]
