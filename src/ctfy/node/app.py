"""The node's HTTP API: platform to node."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from typing import Annotated

import psutil
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import FileResponse
from fastapi.security import HTTPBearer

from ctfy import __version__
from ctfy.node.instances import Instances
from ctfy.server import errors
from ctfy.server.errors import Unauthorized
from ctfy.server.models.challenges import AttachmentList
from ctfy.server.models.nodes import (
    NodeContainer,
    NodeHealthResponse,
    NodeInstanceHealth,
    NodeInstanceLogs,
    NodeInstanceState,
    NodeStartRequest,
    NodeStartResponse,
)

router = APIRouter(prefix="/api/v1")


def _instances(request: Request) -> Instances:
    instances: Instances = request.app.state.instances
    return instances


def _platform_only(
    request: Request, _: Annotated[object, Depends(HTTPBearer(auto_error=False))]
) -> None:
    expected: str = request.app.state.token()
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Unauthorized("unauthorized", "Only the platform talks to this node.")


TheInstances = Annotated[Instances, Depends(_instances)]
PLATFORM = [Depends(_platform_only)]


def create_app(instances: Instances, token: Callable[[], str]) -> FastAPI:
    """The node's API; `token` gives its own bearer token, empty until it has joined."""
    app = FastAPI(title="ctfy node", version=__version__, docs_url=None, redoc_url=None)
    app.state.instances = instances
    app.state.token = token
    errors.install(app)
    app.include_router(router)
    return app


@router.get("/health")
async def health(instances: TheInstances) -> NodeHealthResponse:
    """The node's own view of itself."""
    return NodeHealthResponse(
        version=__version__,
        provider=instances.provider.name,
        running=instances.running,
        capacity=instances.capacity,
        **load(),
    )


def load() -> dict[str, float]:
    """CPU, memory and disk in use, percent."""
    return {
        "cpu_percent": psutil.cpu_percent(),
        "memory_percent": psutil.virtual_memory().percent,
        "disk_percent": psutil.disk_usage(os.curdir).percent,
    }


@router.post("/instances", dependencies=PLATFORM)
async def start(order: NodeStartRequest, instances: TheInstances) -> NodeStartResponse:
    """Order an instance; a second order of the same id changes nothing."""
    state = instances.start(order)
    return NodeStartResponse(instance_id=state.instance_id, status=state.status)


@router.get("/instances", dependencies=PLATFORM)
async def inventory(instances: TheInstances) -> list[NodeInstanceState]:
    """Everything this node runs or failed to run."""
    return list(instances.inventory.states.values())


@router.delete("/instances/{instance_id}", dependencies=PLATFORM)
async def stop(instance_id: str, instances: TheInstances) -> NodeStartResponse:
    """Stop an instance; the answer comes when nothing of it is left."""
    await instances.stop(instance_id)
    return NodeStartResponse(instance_id=instance_id, status="stopped")


@router.get("/instances/{instance_id}/status", dependencies=PLATFORM)
async def status(
    instance_id: str, instances: TheInstances, wait: Annotated[float, Query(ge=0, le=30)] = 0
) -> NodeInstanceState:
    """How far an instance is; while it starts, the answer waits up to `wait` seconds for news."""
    await instances.wait_started(instance_id, wait)
    return instances.get(instance_id)


@router.get("/instances/{instance_id}/health", dependencies=PLATFORM)
async def instance_health(instance_id: str, instances: TheInstances) -> NodeInstanceHealth:
    """Whether an instance's services answer."""
    instances.get(instance_id)
    return NodeInstanceHealth(is_healthy=await instances.provider.is_healthy(instance_id))


@router.get("/instances/{instance_id}/container-logs", dependencies=PLATFORM)
async def container_logs(instance_id: str, instances: TheInstances) -> NodeInstanceLogs:
    """What an instance's processes printed."""
    instances.get(instance_id)
    folder = instances.inventory.folder(instance_id)
    return NodeInstanceLogs(logs=await instances.provider.logs(instance_id, folder))


@router.get("/instances/{instance_id}/containers", dependencies=PLATFORM)
async def containers(instance_id: str, instances: TheInstances) -> list[NodeContainer]:
    """What an instance is made of."""
    instances.get(instance_id)
    return await instances.provider.containers(instance_id)


@router.get("/instances/{instance_id}/attachments", dependencies=PLATFORM)
async def attachments(instance_id: str, instances: TheInstances) -> AttachmentList:
    """The files of an instance, rendered for it."""
    surface = instances.get(instance_id).attack_surface
    return AttachmentList(files=surface.provided_files if surface else [])


@router.get("/instances/{instance_id}/attachments/{filename}", dependencies=PLATFORM)
async def attachment(instance_id: str, filename: str, instances: TheInstances) -> FileResponse:
    """One file of an instance."""
    return FileResponse(instances.attachment(instance_id, filename), filename=filename)


@router.post("/admin/stop-all", dependencies=PLATFORM)
async def stop_all(instances: TheInstances) -> dict[str, str]:
    """Stop every instance."""
    await instances.stop_all()
    return {"status": "stopped"}
