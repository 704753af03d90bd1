"""Who may do what: every route by every kind of caller."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from ctfy.server.access.caller import (
    CompetitionPermission,
    Open,
    OpenToCaller,
    OwnToken,
    Permission,
    StreamPermission,
)
from ctfy.server.access.idempotency import API
from ctfy.server.app import create_app
from ctfy.server.settings import Settings
from tests.conftest import lone_server_and_database
from tests.processes import CHALLENGES, PATIENCE_S

KINDS = (Open, OpenToCaller, OwnToken, Permission, StreamPermission, CompetitionPermission)


def permissions(dependant: Dependant) -> list[str]:
    own = [dependant.call.name] if isinstance(dependant.call, KINDS) else []
    return own + [name for inner in dependant.dependencies for name in permissions(inner)]


def routes(app: object) -> list[APIRoute]:
    found, waiting = [], list(app.routes)  # type: ignore[attr-defined]
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found.append(route)
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", []
        )
        waiting.extend(inner)
    return found


def named(tmp_path: Path) -> dict[str, list[str]]:
    settings = Settings(
        database_url="postgresql://nowhere/x", data_dir=tmp_path, challenges_dir=CHALLENGES
    )
    return {
        f"{','.join(sorted(route.methods))} {route.path.removeprefix(API)}": permissions(
            route.dependant
        )
        for route in routes(create_app(settings))
        if not route.path.startswith(("/docs", "/swagger"))
    }


# What each route asks of its caller. A new route belongs here, with what it should ask.
PERMISSIONS = {
    "GET /": "open",
    "GET /achievements/catalog": "profile:read",
    "GET /achievements/recent-unlocks": "open",
    "GET /activities": "signed in",
    "GET /activities/timeseries": "signed in",
    "GET /admin/activities": "admin",
    "GET /admin/activities/timeseries": "admin",
    "GET /admin/announcements": "admin",
    "POST /admin/announcements": "admin",
    "DELETE /admin/announcements/{announcement_id}": "admin",
    "PATCH /admin/announcements/{announcement_id}": "admin",
    "PATCH /admin/branding": "super admin",
    "DELETE /admin/branding/{purpose}": "super admin",
    "PUT /admin/branding/{purpose}": "super admin",
    "GET /admin/challenges": "admin",
    "POST /admin/challenges": "admin",
    "DELETE /admin/challenges/{challenge_id}": "admin",
    "GET /admin/challenges/{challenge_id}/versions": "admin",
    "GET /admin/challenges/{challenge_id}/versions/{version}/archive": "admin",
    "GET /admin/challenges/{challenge_id}/versions/{version}/diff": "admin",
    "POST /admin/challenges/{challenge_id}/rollback": "admin",
    "GET /admin/challenges/{challenge_id}/files": "admin",
    "POST /admin/challenges/{challenge_id}/files": "admin",
    "GET /admin/challenges/{challenge_id}/files/content": "admin",
    "PUT /admin/challenges/{challenge_id}/files/content": "admin",
    "DELETE /admin/challenges/{challenge_id}/files/content": "admin",
    "PUT /admin/challenges/{challenge_id}/metadata": "admin",
    "POST /admin/challenges/{challenge_id}/example": "admin",
    "POST /admin/challenges/{challenge_id}/test-play": "admin",
    "GET /admin/challenge-sources": "admin",
    "POST /admin/challenge-sources": "admin",
    "DELETE /admin/challenge-sources/{source_id}": "admin",
    "POST /admin/challenge-sources/{source_id}/pull": "admin",
    "GET /admin/challenges/audit": "admin",
    "POST /admin/challenges/build-all": "admin",
    "GET /admin/challenges/build-state": "admin",
    "GET /admin/challenges/latency-histogram": "admin",
    "POST /admin/challenges/import": "admin",
    "POST /admin/challenges/pull-all": "admin",
    "GET /admin/challenges/pull-state": "admin",
    "POST /admin/challenges/rescan": "admin",
    "GET /admin/challenges/stats": "admin",
    "POST /admin/challenges/{challenge_id}/build": "admin",
    "GET /admin/challenges/{challenge_id}/feedback": "admin",
    "POST /admin/challenges/{challenge_id}/pull": "admin",
    "GET /admin/challenges/{challenge_id}/timeseries": "admin",
    "GET /admin/competitions": "admin",
    "POST /admin/competitions": "admin",
    "POST /admin/competitions/import": "super admin",
    "DELETE /admin/competitions/{competition_id}": "admin",
    "PATCH /admin/competitions/{competition_id}": "competition admin",
    "GET /admin/competitions/{competition_id}/admins": "competition admin",
    "POST /admin/competitions/{competition_id}/admins": "super admin",
    "DELETE /admin/competitions/{competition_id}/admins/{user_id}": "super admin",
    "GET /admin/competitions/{competition_id}/awards": "competition admin",
    "DELETE /admin/competitions/{competition_id}/awards/{award_id}": "competition admin",
    "POST /admin/competitions/{competition_id}/teams/{team_id}/awards": "competition admin",
    "PATCH /admin/competitions/{competition_id}/teams/{team_id}": "competition admin",
    "PUT /admin/competitions/{competition_id}/teams/{team_id}/members/{user}": "competition admin",
    "DELETE /admin/competitions/{competition_id}/teams/{team_id}/members/{user}": (
        "competition admin"
    ),
    "GET /admin/competitions/{competition_id}/tables/standings/{kind}": "competition admin",
    "GET /admin/competitions/{competition_id}/tables/submissions/{kind}": "competition admin",
    "GET /admin/competitions/{competition_id}/tables/people/{kind}": "competition admin",
    "GET /admin/competitions/{competition_id}/submissions": "competition admin",
    "PATCH /admin/competitions/{competition_id}/submissions/{submission_id}": "competition admin",
    "POST /admin/competitions/{competition_id}/challenges/{challenge_id}/questions/{question_id}"
    "/regrade": "competition admin",
    "GET /admin/competitions/{competition_id}/challenges": "competition admin",
    "PATCH /admin/competitions/{competition_id}/challenges/{challenge_id}": "competition admin",
    "PUT /admin/competitions/{competition_id}/challenge-order": "competition admin",
    "POST /admin/competitions/{competition_id}/challenges/{challenge_id}/reset": (
        "competition admin"
    ),
    "GET /admin/competitions/{competition_id}/challenge-resets": "competition admin",
    "POST /admin/competitions/{competition_id}/challenge-resets/{reset_id}/undo": (
        "competition admin"
    ),
    "POST /admin/competitions/{competition_id}/clone": "admin",
    "POST /admin/competitions/{competition_id}/pause": "competition admin",
    "POST /admin/competitions/{competition_id}/resume": "competition admin",
    "POST /admin/competitions/{competition_id}/extend": "competition admin",
    "GET /admin/competitions/{competition_id}/missing-writeups": "competition admin",
    "GET /admin/competitions/{competition_id}/writeups": "competition admin",
    "GET /admin/competitions/{competition_id}/writeups.zip": "competition admin",
    "GET /admin/competitions/{competition_id}/writeups/{writeup_id}": "competition admin",
    "PATCH /admin/competitions/{competition_id}/writeups/{writeup_id}": "competition admin",
    "GET /admin/competitions/{competition_id}/export": "admin",
    "GET /admin/competitions/{competition_id}/invites": "competition admin",
    "POST /admin/competitions/{competition_id}/invites": "competition admin",
    "DELETE /admin/competitions/{competition_id}/invites/{user_id}": "competition admin",
    "GET /admin/competitions/{competition_id}/registrations": "competition admin",
    "GET /admin/competitions/{competition_id}/people": "competition admin",
    "GET /admin/competitions/{competition_id}/people/{user_id}/fields": "competition admin",
    "PATCH /admin/competitions/{competition_id}/people/{user_id}/fields": "competition admin",
    "GET /admin/competitions/{competition_id}/fields": "competition admin",
    "POST /admin/competitions/{competition_id}/fields": "competition admin",
    "PATCH /admin/competitions/{competition_id}/fields/{field_id}": "competition admin",
    "DELETE /admin/competitions/{competition_id}/fields/{field_id}": "competition admin",
    "PUT /admin/competitions/{competition_id}/teams/{team_id}/logo": "competition admin",
    "DELETE /admin/competitions/{competition_id}/teams/{team_id}/logo": "competition admin",
    "GET /admin/fields": "admin",
    "POST /admin/fields": "super admin",
    "PATCH /admin/fields/{field_id}": "super admin",
    "DELETE /admin/fields/{field_id}": "super admin",
    "GET /admin/health-flags": "admin",
    "GET /admin/images": "admin",
    "POST /admin/images": "admin",
    "DELETE /admin/images/{image_id}": "admin",
    "GET /admin/incidents": "admin",
    "GET /admin/incidents/{incident_id}": "admin",
    "PATCH /admin/incidents/{incident_id}": "admin",
    "GET /admin/instance-records": "admin",
    "GET /admin/instance-records/{instance_id}": "admin",
    "GET /admin/instance-records/{instance_id}/archive": "admin",
    "GET /admin/instance-records/{instance_id}/container-log": "admin",
    "GET /admin/instance-records/{instance_id}/events": "admin",
    "GET /admin/instance-records/{instance_id}/har": "admin",
    "GET /admin/instance-records/{instance_id}/pcap": "admin",
    "GET /admin/instance-records/{instance_id}/submissions": "admin",
    "GET /admin/instance-records/{instance_id}/traffic": "admin",
    "GET /admin/instances": "admin",
    "DELETE /admin/instances/{instance_id}": "admin",
    "GET /admin/instances/{instance_id}": "admin",
    "GET /admin/instances/{instance_id}/container-log": "admin",
    "GET /admin/instances/{instance_id}/containers": "admin",
    "GET /admin/instances/{instance_id}/har": "admin",
    "GET /admin/instances/{instance_id}/pcap": "admin",
    "POST /admin/instances/{instance_id}/shell/sessions": "super admin",
    "GET /admin/instances/{instance_id}/traffic": "admin",
    "POST /admin/mail/test": "admin",
    "GET /admin/nodes/{node_id}": "admin",
    "PATCH /admin/nodes/{node_id}": "admin",
    "GET /admin/nodes/{node_id}/events": "admin",
    "GET /admin/nodes/{node_id}/health-history": "admin",
    "GET /admin/overview": "admin",
    "GET /admin/notification-channels": "admin",
    "POST /admin/notification-channels": "admin",
    "DELETE /admin/notification-channels/{channel_id}": "admin",
    "PATCH /admin/notification-channels/{channel_id}": "admin",
    "POST /admin/notification-channels/{channel_id}/secret": "admin",
    "POST /admin/notification-channels/{channel_id}/test": "admin",
    "GET /admin/pages": "admin",
    "POST /admin/pages": "admin",
    "DELETE /admin/pages/{page_id}": "admin",
    "GET /admin/pages/{page_id}": "admin",
    "PATCH /admin/pages/{page_id}": "admin",
    "GET /admin/people-imports": "admin",
    "POST /admin/people-imports": "admin",
    "DELETE /admin/people-imports/{import_id}": "admin",
    "GET /admin/people-imports/{import_id}": "admin",
    "POST /admin/people-imports/{import_id}/apply": "admin",
    "GET /admin/people-imports/{import_id}/rows": "admin",
    "GET /admin/platform-settings": "admin",
    "DELETE /admin/platform-settings/{key}": "super admin",
    "PATCH /admin/platform-settings/{key}": "super admin",
    "GET /admin/scheduled-jobs": "admin",
    "PATCH /admin/scheduled-jobs/{name}": "admin",
    "POST /admin/scheduled-jobs/{name}/run": "admin",
    "GET /admin/shell-recordings": "super admin",
    "GET /admin/shell-recordings/{session_id}": "super admin",
    "GET /admin/shell-sessions": "super admin",
    "DELETE /admin/shell-sessions/{session_id}": "super admin",
    "GET /admin/solve-matrix": "admin",
    "GET /admin/tasks": "admin",
    "POST /admin/tasks": "admin",
    "GET /admin/tasks/{task_id}": "admin",
    "POST /admin/tasks/{task_id}/cancel": "admin",
    "GET /admin/tasks/{task_id}/logs": "admin",
    "DELETE /admin/teams/{team_id}/achievements/{achievement_id}": "admin",
    "POST /admin/teams/{team_id}/achievements/{achievement_id}": "admin",
    "POST /admin/teams/{team_id}/questions/{challenge_id}/{question_id}/reset-attempts": "admin",
    "GET /admin/timeseries": "admin",
    "GET /admin/traffic/summary": "admin",
    "GET /admin/users": "admin",
    "POST /admin/users": "admin",
    "POST /admin/users/links": "admin",
    "GET /admin/users/{user_id}": "admin",
    "PATCH /admin/users/{user_id}": "admin",
    "GET /admin/users/{user_id}/fields": "admin",
    "PATCH /admin/users/{user_id}/fields": "admin",
    "PUT /admin/users/{user_id}/avatar": "admin",
    "DELETE /admin/users/{user_id}/avatar": "admin",
    "PUT /admin/users/{user_id}/password": "admin",
    "POST /admin/users/{user_id}/reinstate": "admin",
    "PATCH /admin/users/{user_id}/role": "super admin",
    "POST /admin/users/{user_id}/suspend": "admin",
    "DELETE /admin/users/{user_id}/totp": "admin",
    "GET /auth/callback/{provider}": "open",
    "POST /auth/device/approve": "session",
    "POST /auth/device/code": "open",
    "POST /auth/device/deny": "session",
    "GET /auth/device/info": "session",
    "POST /auth/device/token": "open",
    "POST /auth/email/send-verification": "session",
    "POST /auth/email/verify": "open",
    "GET /auth/identities": "identities:read",
    "POST /auth/identities/link/{provider}": "session",
    "DELETE /auth/identities/{identity_id}": "session",
    "POST /auth/login": "open",
    "GET /auth/login/{provider}": "open",
    "DELETE /auth/password": "session",
    "POST /auth/password": "session",
    "POST /auth/password/forgot": "open",
    "POST /auth/password/reset": "open",
    "GET /auth/providers": "open",
    "POST /auth/register": "open",
    "GET /auth/register/challenge": "open",
    "POST /auth/logout": "session",
    "GET /auth/tokens": "tokens:read",
    "GET /auth/totp": "session",
    "POST /auth/totp/confirm": "session",
    "POST /auth/totp/disable": "session",
    "POST /auth/totp/setup": "session",
    "POST /auth/tokens": "session",
    "DELETE /auth/tokens/others": "session",
    "GET /auth/tokens/scopes": "open",
    "DELETE /auth/tokens/{token_id}": "session",
    "GET /branding": "open",
    "GET /images/{image_id}": "open",
    "GET /pages": "open",
    "GET /pages/{slug}": "open",
    "GET /competitions/{competition_id}/about": "open",
    "GET /challenges": "challenges:read",
    "GET /challenges/facets": "challenges:read",
    "GET /challenges/{challenge_id}": "open",
    "GET /challenges/{challenge_id}/attachments": "challenges:read",
    "GET /challenges/{challenge_id}/attachments/{filename}": "challenges:read",
    "GET /challenges/{challenge_id}/images/{filename}": "open",
    "DELETE /challenges/{challenge_id}/feedback": "submissions:write",
    "GET /challenges/{challenge_id}/feedback/me": "challenges:read",
    "GET /challenges/{challenge_id}/feedback/stats": "challenges:read",
    "DELETE /challenges/{challenge_id}/feedback/{reaction}": "submissions:write",
    "PUT /challenges/{challenge_id}/feedback/{reaction}": "submissions:write",
    "GET /challenges/{challenge_id}/solve-attempts": "challenges:read",
    "GET /cluster-info": "signed in",
    "GET /competitions": "signed in",
    "GET /competitions/{competition_id}": "signed in",
    "GET /competitions/{competition_id}/challenge-breakdown": "scoreboard:read",
    "GET /competitions/{competition_id}/challenges": "challenges:read",
    "GET /competitions/{competition_id}/challenges/{challenge_id}/hints": "challenges:read",
    "PUT /competitions/{competition_id}/challenges/{challenge_id}/writeup": "submissions:write",
    "PUT /competitions/{competition_id}/challenges/{challenge_id}/writeup/pdf": "submissions:write",
    "GET /competitions/{competition_id}/challenges/{challenge_id}/writeups": "challenges:read",
    "POST /competitions/{competition_id}/challenges/{challenge_id}/hints/{hint_id}/unlock": (
        "submissions:write"
    ),
    "GET /competitions/{competition_id}/ctftime": "open",
    "DELETE /competitions/{competition_id}/instances/{instance_id}": "instances:write",
    "GET /competitions/{competition_id}/instances/{instance_id}": "instances:read",
    "GET /competitions/{competition_id}/instances/{instance_id}/openvpn-config": "instances:read",
    "POST /competitions/{competition_id}/instances/{instance_id}/renew": "instances:write",
    "GET /competitions/{competition_id}/instances/{instance_id}/status": "instances:read",
    "GET /competitions/{competition_id}/instances/{instance_id}/traffic": "instances:read",
    "GET /competitions/{competition_id}/invites": "teams:read",
    "POST /competitions/{competition_id}/invites": "teams:write",
    "POST /competitions/{competition_id}/invites/direct": "teams:write",
    "DELETE /competitions/{competition_id}/invites/{invite_id}": "teams:write",
    "POST /competitions/{competition_id}/invites/{invite_id}/accept": "teams:write",
    "POST /competitions/{competition_id}/invites/{invite_id}/approve": "teams:write",
    "POST /competitions/{competition_id}/invites/{invite_id}/decline": "teams:write",
    "POST /competitions/{competition_id}/invites/{invite_id}/reject": "teams:write",
    "GET /competitions/{competition_id}/score-history": "scoreboard:read",
    "GET /competitions/{competition_id}/scoreboard": "scoreboard:read",
    "GET /competitions/{competition_id}/scoreboard/distribution": "scoreboard:read",
    "GET /competitions/{competition_id}/solve-matrix": "scoreboard:read",
    "PATCH /competitions/{competition_id}/team": "teams:write",
    "GET /competitions/{competition_id}/team/writeups": "submissions:read",
    "POST /competitions/{competition_id}/team/captain": "teams:write",
    "PUT /competitions/{competition_id}/team/logo": "teams:write",
    "DELETE /competitions/{competition_id}/team/logo": "teams:write",
    "GET /competitions/{competition_id}/fields": "teams:read",
    "PATCH /competitions/{competition_id}/fields": "teams:write",
    "POST /competitions/{competition_id}/team/leave": "teams:write",
    "DELETE /competitions/{competition_id}/team/members/{target_user_id}": "teams:write",
    "POST /competitions/{competition_id}/teams": "teams:write",
    "POST /competitions/{competition_id}/teams/redeem": "teams:write",
    "GET /competitions/{competition_id}/teams/search": "teams:read",
    "POST /competitions/{competition_id}/teams/{team_id}/join-request": "teams:write",
    "POST /easter-eggs/{egg_id}/claim": "profile:write",
    "GET /events": "stream",
    "GET /health": "open",
    "GET /health/live": "open",
    "GET /health/ready": "open",
    "DELETE /instances": "admin",
    "GET /instances": "instances:read",
    "POST /instances": "instances:write",
    "DELETE /instances/{instance_id}": "instances:write",
    "GET /instances/{instance_id}": "instances:read",
    "GET /instances/{instance_id}/attachments": "instances:read",
    "GET /instances/{instance_id}/attachments/{filename}": "instances:read",
    "GET /instances/{instance_id}/har": "instances:read",
    "GET /instances/{instance_id}/openvpn-config": "instances:read",
    "POST /instances/{instance_id}/renew": "instances:write",
    "GET /instances/{instance_id}/status": "instances:read",
    "GET /instances/{instance_id}/traffic": "instances:read",
    "POST /instances/{instance_id}/verify-answer": "submissions:write",
    "DELETE /me": "session",
    "GET /me": "profile:read",
    "GET /me/achievements": "profile:read",
    "POST /me/announcements/read-all": "profile:write",
    "POST /me/announcements/{announcement_id}/read": "profile:write",
    "GET /me/export": "profile:read",
    "GET /fields": "open",
    "GET /me/fields": "profile:read",
    "PATCH /me/fields": "profile:write",
    "PUT /me/avatar": "profile:write",
    "DELETE /me/avatar": "profile:write",
    "GET /me/inbox": "profile:read",
    "GET /me/milestone-progress": "submissions:read",
    "PATCH /me/profile": "profile:write",
    "PATCH /me/profile/visibility": "profile:write",
    "GET /me/solves": "submissions:read",
    "POST /me/star-gazer/verify": "profile:write",
    "GET /meta": "open",
    "GET /metrics": "own token",
    "GET /nodes": "open",
    "GET /nodes/challenges": "own token",
    "GET /nodes/challenges/{digest}": "own token",
    "POST /nodes/heartbeat": "own token",
    "GET /nodes/invites": "admin",
    "POST /nodes/invites": "admin",
    "DELETE /nodes/invites/{invite_id}": "admin",
    "POST /nodes/register": "own token",
    "DELETE /nodes/{node_id}": "admin",
    "GET /qa/challenges": "challenges:read",
    "POST /qa/submissions": "submissions:write",
    "GET /scoreboard": "open",
    "GET /scoreboard/challenges": "open",
    "GET /scoreboard/history": "open",
    "GET /scoreboard/users": "open",
    "GET /submissions": "submissions:read",
    "POST /submissions": "submissions:write",
    "GET /teams": "open",
    "GET /teams/{team_id}": "open",
    "GET /teams/{team_id}/awards": "open",
    "GET /teams/{team_id}/achievements": "open",
    "GET /teams/{team_id}/profile-stats": "signed in",
    "GET /users/{user_id}": "signed in",
    "GET /users/{user_id}/profile-stats": "signed in",
    "GET /users/{user_id}/solve-trend": "signed in",
    "GET /walls": "open",
    "GET /walls/{competition_id}": "open",
    "GET /writeups/{writeup_id}": "challenges:read",
    "GET /writeups/{writeup_id}/pdf": "challenges:read",
    "GET /{path:path}": "open",
}


def test_every_route_asks_what_is_expected_of_it(tmp_path: Path) -> None:
    assert {route: names for route, names in named(tmp_path).items() if len(names) != 1} == {}
    assert {route: names[0] for route, names in named(tmp_path).items()} == PERMISSIONS


# Beyond the permission: what a caller meets who is on no team of the competition, or no captain.
TEAMLESS = {
    "GET /competitions/{competition_id}/challenges/{challenge_id}/hints": "not_registered",
    "POST /competitions/{competition_id}/challenges/{challenge_id}/hints/{hint_id}/unlock": (
        "not_registered"
    ),
    "GET /competitions/{competition_id}/team/writeups": "not_registered",
    "PUT /competitions/{competition_id}/challenges/{challenge_id}/writeup": "not_registered",
    "PUT /competitions/{competition_id}/challenges/{challenge_id}/writeup/pdf": "not_registered",
    "POST /instances": "not_registered",
    "POST /qa/submissions": "not_registered",
    "POST /easter-eggs/{egg_id}/claim": "team_missing",
    **dict.fromkeys(
        [r for r in PERMISSIONS if "/instances/{instance_id}" in r and "/admin/" not in r]
        + ["POST /submissions"],
        "instance_not_found",
    ),
}
CAPTAINS = [
    "GET /competitions/{competition_id}/invites",
    "POST /competitions/{competition_id}/invites",
    "POST /competitions/{competition_id}/invites/direct",
    "DELETE /competitions/{competition_id}/invites/{invite_id}",
    "POST /competitions/{competition_id}/invites/{invite_id}/approve",
    "POST /competitions/{competition_id}/invites/{invite_id}/reject",
    "PATCH /competitions/{competition_id}/team",
    "POST /competitions/{competition_id}/team/captain",
    "PUT /competitions/{competition_id}/team/logo",
    "DELETE /competitions/{competition_id}/team/logo",
    "DELETE /competitions/{competition_id}/team/members/{target_user_id}",
]
TEAMLESS |= dict.fromkeys(
    [*CAPTAINS, "POST /competitions/{competition_id}/team/leave"], "team_missing"
)
BODIES: dict[str, Any] = {
    "POST /nodes/heartbeat": {"id": "{member}"},
    "POST /nodes/register": {"url": "http://127.0.0.1:1", "display_name": "n"},
    "POST /instances": {"challenge_id": "notes", "competition_id": "{competition_id}"},
    "POST /submissions": {"instance_id": "{instance_id}", "answer": "x"},
    "POST /qa/submissions": {
        "challenge_id": "field-notes",
        "competition_id": "{competition_id}",
        "answer": "x",
    },
    "POST /instances/{instance_id}/verify-answer": {"answer": "x"},
    "POST /competitions/{competition_id}/invites": {},
    "POST /competitions/{competition_id}/invites/direct": {"email": "nobody@example.org"},
    "PATCH /competitions/{competition_id}/team": {"name": "New"},
    "PUT /competitions/{competition_id}/challenges/{challenge_id}/writeup": {"text": "how"},
    "POST /competitions/{competition_id}/team/captain": {"user_id": "{member}"},
}
ANONYMOUS, REVOKED, SCOPELESS = "nobody", "revoked", "scopeless token"
STRANGER, MEMBER, CAPTAIN = "stranger", "member", "captain"
ITS_ADMIN, ADMIN, SUPER_ADMIN = "competition admin", "admin", "super admin"
CALLERS = [
    ANONYMOUS, REVOKED, SCOPELESS, STRANGER, MEMBER, CAPTAIN, ITS_ADMIN, ADMIN, SUPER_ADMIN
]  # fmt: skip
LET_IN = "let in"


def expected(route: str, who: str) -> str:
    """The code of the refusal, or `let in`: whatever comes then is no question of permission."""
    asks = PERMISSIONS[route]
    if asks == "own token":
        return "unauthorized"
    if asks == "open" and who in (ANONYMOUS, SCOPELESS) and route not in _SCOPED:
        return LET_IN
    if asks == "open":
        return _open(route, who)
    if who in (ANONYMOUS, REVOKED):
        return "unauthorized"
    if who == SCOPELESS:
        if ":" in asks:
            return "token_missing_scope"
        return LET_IN if asks in ("signed in", "stream") else "forbidden"
    ranks = {
        "admin": (ADMIN, SUPER_ADMIN),
        "super admin": (SUPER_ADMIN,),
        "competition admin": (ITS_ADMIN, ADMIN, SUPER_ADMIN),
    }
    if who not in ranks.get(asks, (who,)):
        return "forbidden"
    if route in TEAMLESS and who not in (MEMBER, CAPTAIN):
        return TEAMLESS[route]
    if route in CAPTAINS and who == MEMBER:
        return "not_captain"
    return LET_IN


# Open routes that ask whoever shows a token for its scope.
_SCOPED = ("GET /challenges/{challenge_id}", "GET /challenges/{challenge_id}/images/{filename}")
# Open routes that look at a token when there is one: for a token that is no longer valid, 401.
LOOK = [
    "GET /achievements/recent-unlocks",
    *_SCOPED,
    "GET /competitions/{competition_id}/ctftime",
    "GET /meta",
    "GET /scoreboard",
    "GET /scoreboard/challenges",
    "GET /scoreboard/history",
    "GET /scoreboard/users",
    "GET /teams",
    "GET /teams/{team_id}",
    "GET /teams/{team_id}/achievements",
    "GET /teams/{team_id}/awards",
    "GET /walls/{competition_id}",
]


def _open(route: str, who: str) -> str:
    if route in LOOK and who == REVOKED:
        return "unauthorized"
    if route in _SCOPED and who == SCOPELESS:
        return "token_missing_scope"
    return LET_IN


@dataclass
class World:
    """A competition with a team, and a token for every kind of caller."""

    ids: dict[str, str]
    tokens: dict[str, str]


def make_world(connection: psycopg.Connection[Any]) -> World:
    """Written straight into the database: a fresh one for every route, made in no time."""
    now = datetime.now(UTC)
    people = [STRANGER, MEMBER, CAPTAIN, ITS_ADMIN, ADMIN, SUPER_ADMIN]
    users = {who: uuid.uuid4().hex for who in people}
    ids = {name: uuid.uuid4().hex for name in ("competition_id", "team_id", "instance_id")}
    roles = {ADMIN: "admin", SUPER_ADMIN: "super_admin"}
    tokens = {ANONYMOUS: ""}

    def token(who: str, user: str, kind: str, *, revoked: bool = False) -> None:
        tokens[who] = uuid.uuid4().hex
        connection.execute(
            "INSERT INTO tokens (id, user_id, kind, hash, label, created_at, revoked_at,"
            " ip_address, user_agent, competition_access, competition_ids, permissions)"
            " VALUES (%s, %s, %s, %s, '', %s, %s, '', '', 'all', '[]', '{}')",
            [
                uuid.uuid4().hex,
                user,
                kind,
                hashlib.sha256(tokens[who].encode()).hexdigest(),
                now,
                now if revoked else None,
            ],
        )

    for who, user in users.items():
        connection.execute(
            "INSERT INTO users (id, email, display_name, role, created_at) VALUES (%s,%s,%s,%s,%s)",
            [user, f"{user}@example.org", who, roles.get(who, "user"), now],
        )
        token(who, user, "user")
    token(REVOKED, users[STRANGER], "user", revoked=True)
    token(SCOPELESS, users[CAPTAIN], "fine_grained")
    competition, team = ids["competition_id"], ids["team_id"]
    connection.execute(
        "INSERT INTO competitions (id, title, description, status, access, created_by, created_at,"
        " updated_at) VALUES (%s, 'Cup', '', 'published', 'public', %s, %s, %s)",
        [competition, users[ADMIN], now, now],
    )
    for place, challenge in enumerate(("notes", "field-notes")):
        connection.execute(
            "INSERT INTO competition_challenges VALUES (%s, %s, %s, 0)",
            [competition, challenge, place],
        )
    connection.execute(
        "INSERT INTO teams (id, competition_id, name, description, captain_user_id, created_at)"
        " VALUES (%s, %s, 'Team', '', %s, %s)",
        [team, competition, users[CAPTAIN], now],
    )
    for place, who in enumerate((CAPTAIN, MEMBER)):
        connection.execute(
            "INSERT INTO team_members (user_id, competition_id, team_id, joined_at)"
            " VALUES (%s, %s, %s, %s)",
            [users[who], competition, team, now + timedelta(seconds=place)],
        )
    connection.execute(
        "INSERT INTO competition_admins VALUES (%s, %s, %s, %s)",
        [competition, users[ITS_ADMIN], users[SUPER_ADMIN], now],
    )
    connection.execute(
        "INSERT INTO instances (id, competition_id, team_id, user_id, challenge_id, state, ttl,"
        " requested_at, expires_at, stop_reason, error)"
        " VALUES (%s, %s, %s, %s, 'notes', 'stopped', 60, %s, %s, '', '')",
        [ids["instance_id"], competition, team, users[CAPTAIN], now, now],
    )
    ids |= {
        "challenge_id": "notes",
        "user_id": users[MEMBER],
        "target_user_id": users[MEMBER],
        "member": users[MEMBER],
        "reaction": "learned",
        "provider": "none",
        "egg_id": "konami",
        "hint_id": "where",
        "filename": "notebook.txt",
        "achievement_id": "ambassador",
        "path:path": "somewhere",
    }
    return World(ids, tokens)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("permissions")
    with lone_server_and_database(folder, CTFY_METRICS_TOKEN="for-prometheus") as both:
        yield both


def fill(template: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        template = template.replace("{" + name + "}", value)
    while "{" in template:  # something that there is not
        before, _, rest = template.partition("{")
        template = f"{before}missing{rest.partition('}')[2]}"
    return template


@pytest.mark.parametrize("route", PERMISSIONS)
def test_each_caller_meets_what_is_expected(server: tuple[str, str], route: str) -> None:
    url, database_url = server
    method, _, path = route.partition(" ")
    base = url if path in ("/", "/metrics", "/{path:path}") else f"{url}/api/v1"
    met = {}
    for who in CALLERS:
        with psycopg.connect(database_url, autocommit=True) as connection:
            world = make_world(connection)
        body = BODIES.get(route)
        if body is not None:
            body = {key: fill(value, world.ids) for key, value in body.items()}
        headers = {"Authorization": f"Bearer {world.tokens[who]}"} if world.tokens[who] else {}
        with httpx.stream(
            method,
            base + fill(path, world.ids),
            headers={**headers, "Content-Type": "application/json"},
            content=json.dumps(body) if body is not None else None,
            timeout=PATIENCE_S,  # how long it takes is no question of permission
        ) as answer:
            assert answer.status_code < 500 or "node" in path
            met[who] = LET_IN
            if answer.status_code in (401, 403, 404):
                content = answer.read()
                html = answer.headers["content-type"].startswith("text/html")
                code = "" if html else json.loads(content)["code"]
                permission = code and (answer.status_code != 404 or code == TEAMLESS.get(route))
                met[who] = code if permission else LET_IN
    assert met == {who: expected(route, who) for who in CALLERS}
