"""Writing an instance's archive when it ends, and removing it when it is old."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from pydantic_core import to_jsonable_python
from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from ctfy import __version__
from ctfy.sdk.aio import AsyncNodeClient
from ctfy.server.database.base import now
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.domain import Domains, prune
from ctfy.server.nodes.clients import NODE_FAILURES, NodeClients
from ctfy.server.records import flows
from ctfy.server.settings import Settings
from ctfy.server.store import Store
from ctfy.server.tables.events import OutboxEvent
from ctfy.server.tables.instances import Instance
from ctfy.server.tables.records import InstanceRecord
from ctfy.server.tables.submissions import Submission

log = structlog.get_logger()

MANIFEST, EVENTS, SUBMISSIONS = "manifest.json", "events.jsonl", "submissions.jsonl"
TRAFFIC, CONTAINER_LOG, PACKETS = "traffic.jsonl", "container.log", "capture.pcap"
FILES = (MANIFEST, EVENTS, SUBMISSIONS, TRAFFIC, CONTAINER_LOG, PACKETS)

Answer = TypeVar("Answer")


async def archive(
    database: Database, store: Store, instance_id: str, node: AsyncNodeClient | None
) -> None:
    """Keep everything that is known of an instance that ends; again, it brings that up to date.

    `node`: where it still is, with its log, traffic and packets; without it, these stay as they
    are kept.
    """
    async with database.transaction() as session:
        instance = await session.get(Instance, instance_id)
        record = await session.get(InstanceRecord, instance_id)
        if instance is None or (record is not None and record.pruned_at is not None):
            return
        events = (await session.scalars(events_of(instance))).all()
        submissions = (
            await session.scalars(
                select(Submission)
                .where(Submission.instance_id == instance_id)
                .order_by(Submission.submitted_at)
            )
        ).all()
    manifest = {
        "format": "ctfy-record",
        "version": 1,
        "ctfy": __version__,
        "archived_at": now(),
        "instance": {c.name: getattr(instance, c.name) for c in Instance.__table__.c},
    }
    files = {
        MANIFEST: json.dumps(to_jsonable_python(manifest), indent=2).encode(),
        EVENTS: _lines([event_row(event) for event in events]),
        SUBMISSIONS: _lines([submission_row(row) for row in submissions]),
    }
    values: dict[str, Any] = {
        "has_manifest": True,
        "events_count": len(events),
        "submissions_count": len(submissions),
        "archived_at": now(),
    }
    if node is not None:
        if traffic := await _put_traffic(store, node, instance_id):
            values["traffic_count"] = traffic
        if output := await _of_node(node.get_container_logs(instance_id)):
            files[CONTAINER_LOG] = output.encode()
            values["has_container_log"] = True
        if packets := await _put_packets(store, node, instance_id):
            values["pcap_bytes"] = packets
    for name, content in files.items():
        if content:
            await store.put(f"{instance_id}/{name}", content)
    values["total_bytes"] = sum((await store.sizes(instance_id)).values())
    async with database.transaction() as session:
        await session.execute(
            insert(InstanceRecord)
            .values(instance_id=instance_id, artifact_dir=instance_id, **values)
            .on_conflict_do_update(index_elements=[InstanceRecord.instance_id], set_=values)
        )


async def _put_traffic(store: Store, node: AsyncNodeClient, instance_id: str) -> int:
    """Write what a node recorded, as far as it gives it; how many flows that is."""
    count = 0

    async def written(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        nonlocal count
        with contextlib.suppress(*NODE_FAILURES):  # what came until then is kept
            async for line in parts:
                count += 1
                yield line + b"\n"

    try:
        parts = await flows.begun(flows.lines(flows.pages(node, instance_id)))
        first = await flows.begun(written(parts))
    except NODE_FAILURES:
        return 0
    if count:
        await store.put(f"{instance_id}/{TRAFFIC}", first)
    return count


async def _put_packets(store: Store, node: AsyncNodeClient, instance_id: str) -> int:
    """Write a node's packets; how many bytes they are."""
    with tempfile.TemporaryFile() as file:
        try:
            await node.save_pcap(instance_id, file)
        except NODE_FAILURES:
            return 0
        size = file.tell()
        file.seek(0)
        await store.put(f"{instance_id}/{PACKETS}", file)
    return size


async def _of_node(answer: Awaitable[Answer]) -> Answer | None:
    """What a node still has of an instance; None when it has nothing, or does not answer."""
    try:
        return await answer
    except NODE_FAILURES:
        return None


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(
        json.dumps(to_jsonable_python(row), ensure_ascii=False).encode() + b"\n" for row in rows
    )


def events_of(instance: Instance) -> Any:
    """The events of an instance, oldest first: of its team, and within its life."""
    until = (instance.stopped_at or now()) + timedelta(minutes=5)
    return (
        select(OutboxEvent)
        .where(
            OutboxEvent.team_id == instance.team_id,
            OutboxEvent.created_at >= instance.requested_at - timedelta(minutes=1),
            OutboxEvent.created_at <= until,
            OutboxEvent.payload["instance_id"].as_string() == instance.id,
        )
        .order_by(OutboxEvent.id)
    )


def event_row(event: OutboxEvent) -> dict[str, Any]:
    """An event in an archive."""
    return {
        "id": event.id,
        "at": event.created_at,
        "event": event.name,
        "actor_id": event.actor_id or "",
        **event.payload,
    }


def submission_row(row: Submission) -> dict[str, Any]:
    """A submission in an archive."""
    return {c.name: getattr(row, c.name) for c in Submission.__table__.c}


_UNARCHIVED = Statement(
    """
    SELECT i.id FROM instances i LEFT JOIN instance_records r ON r.instance_id = i.id
    WHERE i.state IN ('stopped', 'error') AND r.instance_id IS NULL
      AND i.stopped_at < now() - interval '10 seconds'
    ORDER BY i.stopped_at, i.id LIMIT 200
    """
)


async def sweep(settings: Settings, database: Database, store: Store, domains: Domains) -> str:
    """Archive what ended without one, and remove what is too old; what was done, in words."""
    rows = await database.read(_UNARCHIVED)
    for row in rows:
        await archive(database, store, row.id, None)
    pruned = await _prune(settings, database, store)
    old = await prune(database, settings, domains, "retention_sweep")
    return f"{len(rows)} archived, {pruned} pruned, {old} old rows removed"


_so_far = func.sum(InstanceRecord.total_bytes).over(
    order_by=(InstanceRecord.archived_at.desc(), InstanceRecord.instance_id)
)
_kept = (
    select(
        InstanceRecord.instance_id,
        InstanceRecord.artifact_dir,
        InstanceRecord.archived_at,
        _so_far.label("so_far"),
    )
    .where(InstanceRecord.pruned_at.is_(None))
    .subquery()
)
_TOO_MUCH = Statement(
    select(_kept).where(
        or_(_kept.c.archived_at < bindparam("since"), _kept.c.so_far > bindparam("most_bytes"))
    )
)


async def _prune(settings: Settings, database: Database, store: Store) -> int:
    """Remove the files of records that are too old, and the oldest beyond the size."""
    since = now() - timedelta(days=settings.record_max_age_days)
    rows = await database.read(_TOO_MUCH, since=since, most_bytes=settings.record_max_bytes)
    for row in rows:
        await store.remove(row.artifact_dir)
        async with database.transaction() as session:
            await session.execute(
                update(InstanceRecord)
                .where(InstanceRecord.instance_id == row.instance_id)
                .values(pruned_at=now(), total_bytes=0)
            )
    return len(rows)


async def clear_away(
    store: Store,
    node_clients: NodeClients,
    folders: list[str],
    instances: list[tuple[str, str, str]],
) -> None:
    """Remove archives and running instances whose rows are gone with their competition."""
    for folder in folders:
        await store.remove(folder)
    for instance_id, node_id, url in instances:
        try:
            await node_clients.of(node_id, url).stop_instance(instance_id)
        except NODE_FAILURES as error:  # the reconciler finds what is left
            log.info("node_stop_failed", instance_id=instance_id, error=str(error))
