"""Challenges of the catalogue, with what competitions made of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.server.competitions.tables import CompetitionChallenge
from ctfy.server.instances.tables import Instance
from ctfy.server.models.challenges import AttachmentInfo, ChallengeInfo, QuestionPublicInfo
from ctfy.server.submissions.tables import Solve


@dataclass(frozen=True, slots=True)
class ChallengeFilter:
    """What a player looks for; empty fields match everything."""

    difficulty: str = ""
    tag: str = ""
    text: str = ""

    def matches(self, challenge: Challenge) -> bool:
        """Whether a challenge is looked for. Text matches name, description and tags."""
        meta = challenge.metadata
        if self.difficulty and meta.difficulty != self.difficulty:
            return False
        if self.tag and self.tag not in meta.tags:
            return False
        searched = "\n".join([challenge.id, meta.name, meta.description, *meta.tags])
        return self.text.casefold() in searched.casefold()


def unknown_challenges(catalogue: Catalogue, ids: list[str]) -> list[str]:
    """The ids that the catalogue does not have."""
    return [id_ for id_ in ids if catalogue.get(id_) is None]


async def competition_challenges(
    session: AsyncSession, catalogue: Catalogue, competition_id: str, wanted: ChallengeFilter
) -> list[ChallengeInfo]:
    """A competition's challenges in the curator's order, counted in one query."""
    launches = (
        select(Instance.challenge_id, func.count().label("launches"))
        .where(Instance.competition_id == competition_id)
        .group_by(Instance.challenge_id)
        .subquery()
    )
    answered = (
        select(Solve.challenge_id, Solve.question_id, func.count().label("teams"))
        .where(Solve.competition_id == competition_id)
        .group_by(Solve.challenge_id, Solve.question_id)
        .subquery()
    )
    per_question = (
        select(
            answered.c.challenge_id,
            func.jsonb_object_agg(answered.c.question_id, answered.c.teams).label("flags"),
        )
        .group_by(answered.c.challenge_id)
        .subquery()
    )
    rows = await session.execute(
        select(
            CompetitionChallenge.challenge_id,
            CompetitionChallenge.solves,
            launches.c.launches,
            per_question.c.flags,
        )
        .outerjoin(launches, launches.c.challenge_id == CompetitionChallenge.challenge_id)
        .outerjoin(per_question, per_question.c.challenge_id == CompetitionChallenge.challenge_id)
        .where(CompetitionChallenge.competition_id == competition_id)
        .order_by(CompetitionChallenge.position)
    )
    result = []
    for row in rows:
        challenge = catalogue.get(row.challenge_id)
        if challenge is not None and wanted.matches(challenge):
            result.append(challenge_info(challenge, row.solves, row.launches or 0, row.flags or {}))
    return result


def challenge_info(
    challenge: Challenge, solves: int, launches: int, flag_solves: dict[str, int]
) -> ChallengeInfo:
    """A challenge on the wire."""
    meta = challenge.metadata
    return ChallengeInfo(
        id=challenge.id,
        name=meta.name,
        category=meta.category,
        difficulty=meta.difficulty,
        description=meta.description,
        solves_count=solves,
        launch_count=launches,
        tags=meta.tags,
        questions=[
            QuestionPublicInfo(
                id=q.id, prompt=q.prompt, mode=q.mode.value, choices=q.choices, requires=q.requires
            )
            for q in meta.questions
        ],
        flag_solves={q.id: flag_solves.get(q.id, 0) for q in meta.questions},
        attachments=attachment_infos(challenge),
        is_qa_only=challenge.is_qa_only,
    )


def attachment_infos(challenge: Challenge) -> list[AttachmentInfo]:
    """The challenge's files. A template's size is that of its source until it is rendered."""
    return [
        AttachmentInfo(name=name, size=path.stat().st_size)
        for name, path in challenge.attachments.items()
    ]
