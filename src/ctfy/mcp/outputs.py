"""What tools give back where the wire's own types are too long for an agent's context."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from ctfy.server.models.challenges import AttachmentInfo, ChallengeCategory, ChallengeInfo
from ctfy.server.models.competitions import CompetitionDetail, CompetitionInfo
from ctfy.server.models.instances import (
    AttackSurface,
    Credential,
    InstanceInfo,
    InstanceStatusResponse,
    ServiceEndpoint,
    ServiceType,
    VpnEndpoint,
)
from ctfy.server.models.submissions import SubmissionResponse

Row = TypeVar("Row", bound=BaseModel)
MOST_CHARACTERS = 16_000  # of the rows of one result: a few thousand tokens


class Listing(BaseModel, Generic[Row]):
    """Rows, out of `total`; `more` says how to get the rest, and is empty when there is none."""

    result: list[Row]
    total: int
    more: str = ""


def fitting(rows: Iterable[Row]) -> list[Row]:
    """The first rows, as many as fit into a context; one at least."""
    kept: list[Row] = []
    left = MOST_CHARACTERS
    for row in rows:
        left -= len(row.model_dump_json())
        if left < 0 and kept:
            break
        kept.append(row)
    return kept


def listing(rows: Iterable[Row], total: int, offset: int) -> Listing[Row]:
    """The rows that fit, from `offset` on, of a list."""
    kept = fitting(rows)
    end = offset + len(kept)
    more = f"Call again with offset={end}." if kept and end < total else ""
    return Listing[Row](result=kept, total=total, more=more)


def over(status: str, stop_reason: str) -> str:
    """What to do about an instance that is not running any more; empty where it is."""
    if status not in ("stopped", "error"):
        return ""
    reason = f" (reason {stop_reason})" if stop_reason else ""
    return f"{status}{reason}: call start_instance for a new one"


class Instance(InstanceInfo):
    """An instance, with its services' `urls`; `note` says what to do when it is over."""

    urls: list[str]
    note: str = ""

    @classmethod
    def of(cls, found: InstanceInfo) -> Instance:
        """An instance with its note."""
        urls = [service.url for service in found.services]
        return cls(**dict(found), urls=urls, note=over(found.status, found.stop_reason))


class Status(InstanceStatusResponse):
    """How far an instance is; `note` says what to do when it is over."""

    note: str = ""

    @classmethod
    def of(cls, found: InstanceStatusResponse) -> Status:
        """A status with its note."""
        return cls(**dict(found), note=over(found.status, found.stop_reason))


class Verified(BaseModel):
    """Whether an answer is right, and to which question."""

    result: bool
    question_id: str
    note: str = ""


class Graded(SubmissionResponse):
    """A grade; `note` says when a wrong answer went to an instance that is over."""

    note: str = ""


class Service(BaseModel):
    """Where a service is reached; `url` is ready to use."""

    url: str
    service_type: ServiceType
    host: str
    port: int
    credentials: Credential | None
    path: str
    label: str

    @classmethod
    def of(cls, found: ServiceEndpoint) -> Service:
        """A service of an attack surface."""
        return cls.model_validate({name: getattr(found, name) for name in cls.model_fields})


class StartedInstance(BaseModel):
    """A ready instance: its `id` is what the other tools want."""

    id: str
    services: list[Service]
    provided_files: list[AttachmentInfo]
    flag_path: str | None
    vpn: VpnEndpoint | None

    @classmethod
    def of(cls, instance_id: str, surface: AttackSurface) -> StartedInstance:
        """An instance with its attack surface."""
        return cls(
            id=instance_id,
            services=[Service.of(service) for service in surface.services],
            provided_files=surface.provided_files,
            flag_path=surface.flag_path,
            vpn=surface.vpn,
        )


class CompetitionRow(BaseModel):
    """A competition in a list; get_competition has the rest."""

    id: str
    title: str
    phase: str
    starts_at: str
    ends_at: str
    is_registered: bool
    my_team_id: str
    my_rank: int
    challenge_ids: list[str]
    registered_count: int

    @classmethod
    def of(cls, found: CompetitionInfo) -> CompetitionRow:
        """The row of a competition."""
        return cls.model_validate(
            {name: getattr(found, name) for name in cls.model_fields}
            | {
                "starts_at": found.starts_at.isoformat() if found.starts_at else "",
                "ends_at": found.ends_at.isoformat() if found.ends_at else "",
            }
        )


class Competition(CompetitionInfo):
    """A competition; list_competition_challenges has the challenges that `more` tells of."""

    challenges: list[ChallengeRow]
    registered_at: datetime | None
    more: str = ""

    @classmethod
    def of(cls, found: CompetitionDetail) -> Competition:
        """A competition with the rows of its challenges, as many as fit."""
        rows = fitting(ChallengeRow.of(one) for one in found.challenges)
        left = len(rows) < len(found.challenges)
        more = f"Call list_competition_challenges with offset={len(rows)}." if left else ""
        return cls(**dict(found) | {"challenges": rows}, more=more)


class ChallengeRow(BaseModel):
    """A challenge in a list; get_challenge has its description, questions and files."""

    id: str
    name: str
    category: ChallengeCategory
    difficulty: str
    tags: list[str]
    value: int
    solves_count: int
    solved: bool
    locked: bool
    is_qa_only: bool
    question_ids: list[str]

    @classmethod
    def of(cls, found: ChallengeInfo) -> ChallengeRow:
        """The row of a challenge."""
        ids = [question.id for question in found.questions]
        fields = {name: getattr(found, name) for name in cls.model_fields if name != "question_ids"}
        return cls.model_validate(fields | {"question_ids": ids})


class InstanceRow(BaseModel):
    """An instance in a list; get_instance has its questions."""

    id: str
    challenge_id: str
    competition_id: str
    status: str
    expires_at: float
    queue_position: int
    waiting_for: str
    urls: list[str]

    @classmethod
    def of(cls, found: InstanceInfo) -> InstanceRow:
        """The row of an instance."""
        fields = {name: getattr(found, name) for name in cls.model_fields if name != "urls"}
        return cls.model_validate(fields | {"urls": [service.url for service in found.services]})


class FileContent(BaseModel):
    """A part of a file: `text` when it is UTF-8, else `base64`. `size` is the whole's, in bytes."""

    name: str
    size: int
    text: str = ""
    base64: str = ""
    truncated: bool = False
    more: str = ""


class HttpExchange(BaseModel):
    """One exchange with an instance; bodies are cut."""

    service: str
    started_at: float
    duration_ms: float
    request: str
    request_body: str = ""
    status: int = 0
    response_body: str = ""


class EventRow(BaseModel):
    """Something that happened."""

    event: str
    detail: dict[str, object]
