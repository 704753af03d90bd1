"""The activity log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ctfy.server.models.base import Response


class ActivityDetail(Response):
    """What else is known of an activity; what does not apply is null."""

    instance_id: str | None = None
    node_id: str | None = None
    url: str | None = None
    error: str | None = None
    ttl: int | None = None
    reason: str | None = None
    solve_time_s: float | None = None
    ip: str | None = None
    display_name: str | None = None
    labels_changed: list[str] | None = None
    error_message: str | None = None
    downtime_seconds: float | None = None
    achievement_id: str | None = None
    achievement_name: str | None = None
    tier: str | None = None
    secret: bool | None = None
    title: str | None = None
    version: int | None = None
    cost: int | None = None
    correct: bool | None = None
    solve_rank: int | None = None
    standing: str | None = None
    provider: str | None = None
    created: int | None = None
    image_name: str | None = None
    previous_role: str | None = None
    new_role: str | None = None
    action: str | None = None
    competition_id: str | None = None
    competition_title: str | None = None
    invite_id: str | None = None
    target_user_id: str | None = None
    target_user_name: str | None = None
    setting_key: str | None = None
    source: str | None = None
    session_id: str | None = None
    container: str | None = None
    recording_path: str | None = None
    duration_s: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    question_id: str | None = None
    points: int | None = None
    task_id: str | None = None
    task_kind: str | None = None
    summary: str | None = None
    job_name: str | None = None
    channel_name: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Activity(Response):
    """Something that happened, and who did it."""

    id: str = ""
    timestamp: datetime | None = None
    event: str
    team_id: str = ""
    team_name: str = ""
    challenge_id: str = ""
    challenge_name: str = ""
    actor_id: str = ""
    actor_name: str = ""
    actor_type: str = ""
    actor_avatar_url: str = ""
    detail: ActivityDetail = ActivityDetail()


class ActivityTimeseriesBucket(Response):
    """What happened from `ts` (Unix seconds) on; `partial`: this bucket goes on."""

    ts: float = 0.0
    counts: dict[str, int] = {}
    partial: bool = False


class ActivityTimeseries(Response):
    """Activities counted by kind and time."""

    window_s: int = 0
    bucket_s: int = 0
    events: list[str] = []
    buckets: list[ActivityTimeseriesBucket] = []
