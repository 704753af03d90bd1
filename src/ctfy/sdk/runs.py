"""A team's whole run through a competition as one document, for benchmarks to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ctfy.sdk.client import PlatformClient
from ctfy.sdk.errors import CtfyApiError

FORMAT = "ctfy-run/1"
_PAGE = 1000


def export_run(
    client: PlatformClient, competition_id: str, *, traffic: bool = True
) -> dict[str, Any]:
    """What the caller's team did: challenges with their instances and attempts, score, traffic.

    Times are ISO 8601 or Unix seconds, as on the wire. `traffic` is an HTTP Archive by instance;
    one of which nothing is kept is left out. Raises CtfyApiError.

    >>> export_run(client, competition.id)["challenges"][0]["attempts"]
    """
    detail = client.competitions.get(competition_id)
    instances = [
        one.model_dump(mode="json")
        for one in _all(lambda offset: client.instances.list(offset=offset, limit=_PAGE))
        if one.competition_id == competition_id
    ]
    attempts = [
        one.model_dump(mode="json")
        for one in _all(lambda offset: client.submissions.list("", offset, _PAGE))
        if one.team_id == detail.my_team_id
    ]
    challenges = [
        {
            **challenge.model_dump(mode="json", exclude={"flag_solves", "attachments"}),
            "instances": [one for one in instances if one["challenge_id"] == challenge.id],
            "attempts": sorted(
                (one for one in attempts if one["challenge_id"] == challenge.id),
                key=lambda one: str(one["submitted_at"]),
            ),
        }
        for challenge in detail.challenges
    ]
    team = {"id": detail.my_team_id, "name": detail.my_team_name}
    score = {"rank": detail.my_rank, "points": detail.my_points, "solved": detail.my_solves}
    return {
        "format": FORMAT,
        "competition": detail.model_dump(mode="json", exclude={"challenges", "challenge_ids"}),
        "team": team | score,
        "challenges": challenges,
        "traffic": _traffic(client, competition_id, instances) if traffic else {},
    }


def _all(page: Callable[[int], list[Any]]) -> list[Any]:
    found: list[Any] = []
    while True:
        more = page(len(found))
        found += more
        if len(more) < _PAGE:
            return found


def _traffic(
    client: PlatformClient, competition_id: str, instances: list[dict[str, Any]]
) -> dict[str, Any]:
    archives = {}
    for instance in instances:
        try:
            archives[instance["id"]] = client.instances.har(
                instance["id"], competition_id=competition_id
            )
        except CtfyApiError as error:
            if error.status_code != 404:
                raise
    return archives
