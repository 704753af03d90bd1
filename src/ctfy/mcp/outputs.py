"""What tools give back where the wire's own types are too long for an agent's context."""

from __future__ import annotations

from pydantic import BaseModel

from ctfy.server.models.challenges import AttachmentInfo, ChallengeCategory, ChallengeInfo
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.models.instances import (
    AttackSurface,
    Credential,
    InstanceInfo,
    ServiceEndpoint,
    ServiceType,
    VpnEndpoint,
)


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
    """A file: `text` when it is UTF-8, else `base64`. `size` in bytes, before any cut."""

    name: str
    size: int
    text: str = ""
    base64: str = ""
    truncated: bool = False


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
