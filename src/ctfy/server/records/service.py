"""Records as operators look at them."""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from typing import Any, BinaryIO

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.challenge.catalogue import Catalogue
from ctfy.core.errors import NotFound, field_error
from ctfy.server.database.base import now
from ctfy.server.models.instances import AttackSurface
from ctfy.server.models.records import (
    InstanceRecordArtifacts,
    InstanceRecordDetail,
    InstanceRecordInfo,
    InstanceRecordInfoDetail,
)
from ctfy.server.records.archive import FILES, TRAFFIC
from ctfy.server.records.flows import begun
from ctfy.server.store import Store
from ctfy.server.tables.instances import Instance, State
from ctfy.server.tables.records import InstanceRecord
from ctfy.server.tables.submissions import Submission
from ctfy.server.tables.teams import Team

ENDED = (State.STOPPED, State.ERROR)


def listed(
    *,
    team_id: str = "",
    challenge_id: str = "",
    node_id: str = "",
    status: str = "",
    competition_id: str = "",
    since_ts: float = 0.0,
) -> Select[*tuple[Any, ...]]:
    """The instances that are over, newest end first; empty values match everything."""
    attempts = (
        select(func.count())
        .where(Submission.instance_id == Instance.id)
        .correlate(Instance)
        .scalar_subquery()
    )
    solved = (
        select(func.coalesce(func.bool_or(Submission.correct), False))
        .where(Submission.instance_id == Instance.id)
        .correlate(Instance)
        .scalar_subquery()
    )
    query = (
        select(
            Instance,
            InstanceRecord,
            Team.name.label("team_name"),
            attempts.label("attempts"),
            solved.label("solved"),
        )
        .join(Team, Team.id == Instance.team_id)
        .outerjoin(InstanceRecord, InstanceRecord.instance_id == Instance.id)
        # As the index has it: constants, not parameters.
        .where(Instance.state.in_(ENDED))
        .order_by(Instance.stopped_at.desc(), Instance.id.desc())
    )
    for column, value in (
        (Instance.team_id, team_id),
        (Instance.challenge_id, challenge_id),
        (Instance.node_id, node_id),
        (Instance.competition_id, competition_id),
    ):
        if value:
            query = query.where(column == value)
    if status:
        if status not in ENDED:
            raise field_error(["query", "status"], f"use one of: {', '.join(ENDED)}")
        query = query.where(Instance.state == status)
    if since_ts:
        query = query.where(Instance.stopped_at >= func.to_timestamp(since_ts))
    return query


def _fields(row: Row[*tuple[Any, ...]], catalogue: Catalogue) -> dict[str, Any]:
    instance: Instance = row.Instance
    record: InstanceRecord | None = row.InstanceRecord
    challenge = catalogue.get(instance.challenge_id)
    started = instance.requested_at.timestamp()
    stopped = instance.stopped_at.timestamp() if instance.stopped_at else 0.0
    return {
        "id": instance.id,
        "team_id": instance.team_id,
        "team_name": row.team_name,
        "challenge_id": instance.challenge_id,
        "competition_id": instance.competition_id,
        "user_id": instance.user_id,
        "node_id": instance.node_id or "",
        "name": challenge.metadata.name if challenge else instance.challenge_id,
        "category": challenge.metadata.category if challenge else None,
        "difficulty": challenge.metadata.difficulty if challenge else "",
        "status": instance.state,
        "stop_reason": instance.stop_reason,
        "error": instance.error.partition("\n")[0][:300],
        "error_detail": instance.error,
        "started_at": started,
        "stopped_at": stopped,
        "duration_s": max(0.0, stopped - started),
        "ttl": instance.ttl,
        "solved": row.solved,
        "attempts": row.attempts,
        "request_count": record.traffic_count if record else 0,
    }


def info(row: Row[*tuple[Any, ...]], catalogue: Catalogue) -> InstanceRecordInfo:
    """A row of `listed` on the wire."""
    return InstanceRecordInfo(**_fields(row, catalogue))


async def _row(session: AsyncSession, instance_id: str) -> Row[*tuple[Any, ...]]:
    row = (await session.execute(listed().where(Instance.id == instance_id))).one_or_none()
    if row is None:
        raise NotFound("record_not_found", "There is no ended instance of that id.")
    return row


async def detail(
    session: AsyncSession, catalogue: Catalogue, instance_id: str
) -> InstanceRecordDetail:
    """One record. Raises `record_not_found`."""
    row = await _row(session, instance_id)
    instance: Instance = row.Instance
    record: InstanceRecord | None = row.InstanceRecord
    surface = AttackSurface.model_validate(instance.surface) if instance.surface else None
    spec = {
        "challenge_id": instance.challenge_id,
        "ttl": instance.ttl,
        "requested_at": instance.requested_at.isoformat(),
        "ready_at": instance.ready_at.isoformat() if instance.ready_at else None,
        "node_labels": instance.node_labels,
    }
    artifacts = InstanceRecordArtifacts()
    if record is not None:
        artifacts = InstanceRecordArtifacts(
            has_manifest=record.has_manifest and record.pruned_at is None,
            has_container_log=record.has_container_log and record.pruned_at is None,
            events_count=record.events_count,
            submissions_count=record.submissions_count,
            traffic_count=record.traffic_count,
            pcap_bytes=record.pcap_bytes if record.pruned_at is None else 0,
            total_bytes=record.total_bytes,
            archived_at=record.archived_at.timestamp(),
            pruned_at=record.pruned_at.timestamp() if record.pruned_at else 0.0,
        )
    return InstanceRecordDetail(
        record=InstanceRecordInfoDetail(
            **_fields(row, catalogue),
            spec=spec,
            surface=surface,
            artifact_dir=record.artifact_dir if record else "",
        ),
        artifacts=artifacts,
    )


async def instance_of(session: AsyncSession, instance_id: str) -> Instance:
    """The ended instance. Raises `record_not_found`."""
    instance: Instance = (await _row(session, instance_id)).Instance
    return instance


async def file(session: AsyncSession, store: Store, instance_id: str, name: str) -> bytes:
    """One file of an archive. Raises `record_not_found`, `artifact_not_found`."""
    record = (await _row(session, instance_id)).InstanceRecord
    content = None
    if record is not None and record.pruned_at is None:
        content = await store.get(f"{record.artifact_dir}/{name}")
    if content is None:
        pruned = record is not None and record.pruned_at is not None
        why = "The archive was removed for its age." if pruned else "The archive has no such file."
        raise NotFound("artifact_not_found", why, name=name)
    return content


async def traffic(session: AsyncSession, instance_id: str) -> tuple[str, int]:
    """Where in the store the recorded traffic lies, and how many flows it is; 0: there is none."""
    record = (await _row(session, instance_id)).InstanceRecord
    if record is None or not record.traffic_count or record.pruned_at is not None:
        return "", 0
    return f"{record.artifact_dir}/{TRAFFIC}", record.traffic_count


async def bundle(session: AsyncSession, store: Store, instance_id: str) -> BinaryIO:
    """The whole archive as one zip, a temporary file that is the caller's to close.

    Raises `record_not_found`, `artifact_not_found`.
    """
    record = (await _row(session, instance_id)).InstanceRecord
    file = tempfile.TemporaryFile()  # noqa: SIM115 - given on
    found = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle_:
        for name in FILES if record is not None and record.pruned_at is None else ():
            moment = (record.archived_at or now()).timetuple()[:6]
            info = zipfile.ZipInfo(f"{instance_id}/{name}", moment)
            try:
                parts = await begun(store.stream(f"{record.artifact_dir}/{name}"))
            except FileNotFoundError:
                continue
            found += 1
            with bundle_.open(info, "w", force_zip64=True) as entry:
                async for part in parts:
                    await asyncio.to_thread(entry.write, part)
    if not found:
        file.close()
        raise NotFound("artifact_not_found", "There is no archive of this instance.")
    return file
