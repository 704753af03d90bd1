"""Challenges as players see them."""

from __future__ import annotations

from enum import StrEnum

from ctfy.server.models.base import Response


class ChallengeCategory(StrEnum):
    """What a challenge is about."""

    WEB = "web"
    PWN = "pwn"
    REVERSE = "reverse"
    CRYPTO = "crypto"
    MISC = "misc"


class AttachmentInfo(Response):
    """A file that players download; `size` in bytes."""

    name: str
    size: int


class AttachmentList(Response):
    """The files of a challenge or an instance."""

    files: list[AttachmentInfo]


class QuestionPublicInfo(Response):
    """A question without its answer."""

    id: str
    prompt: str
    mode: str | None
    choices: list[str] | None
    requires: list[str]


class ChallengeInfo(Response):
    """A challenge; `flag_solves` counts the teams that answered each question."""

    id: str
    name: str
    category: ChallengeCategory = ChallengeCategory.WEB
    difficulty: str = ""
    description: str = ""
    solves_count: int = 0
    launch_count: int = 0
    tags: list[str]
    questions: list[QuestionPublicInfo]
    flag_solves: dict[str, int]
    attachments: list[AttachmentInfo]
    is_qa_only: bool = False
