from __future__ import annotations

from pathlib import Path

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
from ctfy.server.app import create_app
from ctfy.server.settings import Settings
from tests.processes import CHALLENGES

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


def test_every_route_names_exactly_one_permission(tmp_path: Path) -> None:
    settings = Settings(
        database_url="postgresql://nowhere/x", data_dir=tmp_path, challenges_dir=CHALLENGES
    )
    app = create_app(settings)
    named = {
        f"{','.join(sorted(route.methods))} {route.path}": permissions(route.dependant)
        for route in routes(app)
        if not route.path.startswith(("/docs", "/swagger"))
    }
    assert len(named) > 35
    assert {path: names for path, names in named.items() if len(names) != 1} == {}
