"""The node's HTTP API: platform to node."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import psutil
from fastapi import APIRouter, Depends, FastAPI, Query, Request, WebSocket
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ctfy import __version__
from ctfy.core import responses
from ctfy.core.body_limit import BodyLimit
from ctfy.core.errors import Conflict, NotFound
from ctfy.core.request_headers import SingleHeaders
from ctfy.node.instances import Instances
from ctfy.node.providers.base import ProviderAway
from ctfy.node.shell import serve
from ctfy.server.models.builds import (
    NodeBuildLog,
    NodeBuildState,
    NodePullState,
    PrebuildScopeRequest,
)
from ctfy.server.models.challenges import AttachmentList
from ctfy.server.models.nodes import (
    NodeAccepted,
    NodeAgentRuntime,
    NodeContainer,
    NodeHealthResponse,
    NodeInstanceHealth,
    NodeInstanceLogs,
    NodeInstanceState,
    NodeRescanResponse,
    NodeStartRequest,
    NodeStartResponse,
)

_ARRIVAL_S = 3.0  # less than the platform waits for an answer
MAX_BODY = 4 * 1024 * 1024  # bytes: an order with its answers, a list of challenges
router = APIRouter(prefix="/api/v1")


def _instances(request: Request) -> Instances:
    instances: Instances = request.app.state.instances
    return instances


TheInstances = Annotated[Instances, Depends(_instances)]
PLATFORM = [Depends(HTTPBearer(auto_error=False))]  # which `PlatformOnly` has checked
_PUBLIC = "/api/v1/health"


class PlatformOnly:
    """Refuses whoever is not the platform before anything of a body is read; plain ASGI."""

    def __init__(self, app: ASGIApp, token: Callable[[], str]) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        public = scope["type"] == "lifespan" or scope["path"] == _PUBLIC
        if public or self._is_platform(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4401, "reason": _STRANGER})
        else:
            refusal = responses.error_response(401, "unauthorized", _STRANGER)
            refusal.headers["Connection"] = "close"  # what is left of a body stays unread
            await refusal(scope, receive, send)

    def _is_platform(self, headers: Headers) -> bool:
        expected, given = self._token(), headers.getlist("authorization")
        return (
            bool(expected)
            and len(given) == 1
            and hmac.compare_digest(f"Bearer {expected}".encode(), given[0].encode())
        )


_STRANGER = "Only the platform talks to this node."


def _most(_: Scope) -> int:
    return MAX_BODY


def create_app(instances: Instances, token: Callable[[], str]) -> FastAPI:
    """The node's API; `token` gives its own bearer token, empty until it has joined."""
    app = FastAPI(title="ctfy node", version=__version__, docs_url=None, redoc_url=None)
    app.state.instances = instances
    responses.install(app)
    app.add_middleware(BodyLimit, most=_most)
    app.add_middleware(PlatformOnly, token=token)
    app.add_middleware(SingleHeaders)

    @app.exception_handler(ProviderAway)
    async def away(_: Request, error: ProviderAway) -> JSONResponse:
        return responses.error_response(503, "provider_away", str(error), {"Retry-After": "2"})

    app.include_router(router)
    return app


@router.get("/health")
async def health(instances: TheInstances) -> NodeHealthResponse:
    """The node's own view of itself."""
    return NodeHealthResponse(
        version=__version__,
        provider=instances.provider.name,
        instances_host=instances.capture.host,
        isolation=instances.provider.isolation,
        running=instances.running,
        capacity=instances.capacity,
        **load(instances.inventory.root),
    )


def load(folder: Path) -> dict[str, float]:
    """CPU, memory, and the disk that a folder is on, in use, percent."""
    return {
        "cpu_percent": psutil.cpu_percent(),
        "memory_percent": psutil.virtual_memory().percent,
        "disk_percent": psutil.disk_usage(str(folder)).percent,
    }


@router.post("/instances", dependencies=PLATFORM)
async def start(order: NodeStartRequest, instances: TheInstances) -> NodeStartResponse:
    """Order an instance; a second order of the same id changes nothing."""
    state = instances.start(order)
    return NodeStartResponse(instance_id=state.instance_id, status=state.status)


@router.get("/instances", dependencies=PLATFORM)
async def inventory(instances: TheInstances) -> list[NodeInstanceState]:
    """Everything this node runs or failed to run."""
    return [
        state.model_copy(update={"request_count": count, "last_traffic_at": last})
        for state in instances.inventory.states.values()
        for count, last in [instances.capture.counted(state.instance_id)]
    ]


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
    handle = instances.handle(instance_id)
    return NodeInstanceHealth(is_healthy=await instances.provider.is_healthy(handle))


@router.get("/instances/{instance_id}/container-logs", dependencies=PLATFORM)
async def container_logs(instance_id: str, instances: TheInstances) -> NodeInstanceLogs:
    """What an instance's processes printed."""
    handle, folder = instances.handle(instance_id), instances.inventory.folder(instance_id)
    return NodeInstanceLogs(logs=await instances.provider.logs(handle, folder))


@router.get("/instances/{instance_id}/containers", dependencies=PLATFORM)
async def containers(instance_id: str, instances: TheInstances) -> list[NodeContainer]:
    """What an instance is made of."""
    return await instances.provider.containers(instances.handle(instance_id))


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


@router.post("/admin/rescan-challenges", dependencies=PLATFORM)
async def rescan(instances: TheInstances) -> NodeRescanResponse:
    """Look at the challenges again: in the folder, and at what the platform says is current."""
    try:
        changes = await instances.library.rescan()
    except OSError as error:
        raise Conflict("challenges_broken", str(error)) from error
    return NodeRescanResponse(**asdict(changes), total=len(instances.library.catalogue.challenges))


@router.post("/admin/challenges/build-all", status_code=202, dependencies=PLATFORM)
async def build_all(
    instances: TheInstances, body: PrebuildScopeRequest | None = None
) -> NodeAccepted:
    """Build challenges; the state says how far it is."""
    wanted = body.challenge_ids if body else None
    await instances.library.arrival(wanted, _ARRIVAL_S)
    instances.builds.build(wanted)
    return NodeAccepted(status="accepted")


@router.get("/admin/challenges/build-state", dependencies=PLATFORM)
async def build_state(instances: TheInstances) -> NodeBuildState:
    """What is built."""
    return instances.builds.build_state()


@router.post("/admin/challenges/pull-all", status_code=202, dependencies=PLATFORM)
async def pull_all(
    instances: TheInstances, body: PrebuildScopeRequest | None = None
) -> NodeAccepted:
    """Pull images; the state says how far it is."""
    wanted = body.challenge_ids if body else None
    await instances.library.arrival(wanted, _ARRIVAL_S)
    instances.builds.pull(wanted)
    return NodeAccepted(status="accepted")


@router.get("/admin/challenges/pull-state", dependencies=PLATFORM)
async def pull_state(instances: TheInstances) -> NodePullState:
    """What is pulled."""
    return instances.builds.pull_state()


@router.post("/admin/challenges/{challenge_id}/build", status_code=202, dependencies=PLATFORM)
async def build(challenge_id: str, instances: TheInstances) -> NodeAccepted:
    """Build one challenge."""
    await instances.library.arrival([challenge_id], _ARRIVAL_S)
    instances.builds.build([challenge_id])
    return NodeAccepted(status="accepted", challenge_id=challenge_id)


@router.get("/admin/challenges/{challenge_id}/build-log", dependencies=PLATFORM)
async def build_log(
    challenge_id: str, instances: TheInstances, after: Annotated[int, Query(ge=0)] = 0
) -> NodeBuildLog:
    """What building and pulling one challenge said, after a line."""
    return instances.builds.log(challenge_id, after)


@router.post("/admin/challenges/{challenge_id}/pull", status_code=202, dependencies=PLATFORM)
async def pull(challenge_id: str, instances: TheInstances) -> NodeAccepted:
    """Pull the images of one challenge."""
    await instances.library.arrival([challenge_id], _ARRIVAL_S)
    instances.builds.pull([challenge_id])
    return NodeAccepted(status="accepted", challenge_id=challenge_id)


@router.get(
    "/instances/{instance_id}/traffic",
    dependencies=PLATFORM,
    response_model=list[dict[str, Any]],
)
async def traffic(
    instance_id: str,
    instances: TheInstances,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
    max_bytes: Annotated[int, Query(ge=1)] = 1 << 40,
) -> StreamingResponse:
    """The HTTP exchanges and TCP streams of an instance, oldest first.

    At most `max_bytes` of them, and at least one: whoever wants more asks again with an offset.
    """
    instances.get(instance_id)
    folder = instances.inventory.folder(instance_id)
    lines = await instances.capture.flow_lines(folder, offset, limit, max_bytes)
    return StreamingResponse(_as_list(lines), media_type="application/json")


def _as_list(lines: Iterator[bytes]) -> Iterator[bytes]:
    yield b"["
    for number, line in enumerate(lines):
        yield b"," + line if number else line
    yield b"]"


@router.get("/instances/{instance_id}/pcap", dependencies=PLATFORM)
async def pcap(instance_id: str, instances: TheInstances) -> FileResponse:
    """The packets of an instance, as libpcap writes them."""
    instances.get(instance_id)
    path = await instances.capture.packets(instances.inventory.folder(instance_id))
    if path is None:
        raise NotFound("pcap_not_available", "Nobody has spoken to this instance yet.")
    return FileResponse(path, media_type="application/vnd.tcpdump.pcap")


@router.get("/instances/{instance_id}/agent-runtime", dependencies=PLATFORM)
async def agent_runtime(instance_id: str, instances: TheInstances) -> NodeAgentRuntime:
    """How a harness reaches an instance: directly, at its published ports."""
    surface = instances.get(instance_id).attack_surface
    services = surface.services if surface else []
    return NodeAgentRuntime(kind="direct", target_hosts=[f"{s.host}:{s.port}" for s in services])


@router.get("/instances/{instance_id}/openvpn-config", dependencies=PLATFORM)
async def openvpn_config(instance_id: str, instances: TheInstances) -> FileResponse:
    """The client configuration of an instance's VPN, where it has one."""
    instances.get(instance_id)
    path = instances.inventory.folder(instance_id) / "client.ovpn"
    if not path.exists():
        raise NotFound("openvpn_config_not_available", "This instance has no VPN.")
    return FileResponse(path, media_type="application/x-openvpn-profile")


@router.websocket("/instances/{instance_id}/shell")
async def shell(socket: WebSocket, instance_id: str, container: str, shell: str = "bash") -> None:
    """A terminal in a container, for the platform."""
    instances: Instances = socket.app.state.instances
    try:
        handle = instances.handle(instance_id)
        if shell not in SHELLS:
            raise KeyError(shell)
        command = await asyncio.to_thread(
            instances.provider.shell_command, handle, container, shell
        )
    except (NotFound, KeyError, IndexError):
        await socket.close(4404, "no such instance, container or shell")
        return
    await socket.accept()
    await serve(socket, command)


SHELLS = frozenset({"bash", "sh", "ash", "zsh"})
