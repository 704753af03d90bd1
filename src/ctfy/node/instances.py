"""The instances of this node: starts and stops them, and keeps their states in the inventory."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog
from jinja2 import TemplateError

from ctfy.challenge.folders import PathRefused
from ctfy.challenge.rendering import render_attachments
from ctfy.core.errors import NotFound, Unavailable
from ctfy.node.builds import Builds
from ctfy.node.capture.relay import Capture
from ctfy.node.inventory import Inventory, write_answers
from ctfy.node.library import Library
from ctfy.node.providers.base import Order, Provider, ProviderAway, StartFailed
from ctfy.node.warm import WarmInstance, WarmPool
from ctfy.server.models.challenges import AttachmentInfo
from ctfy.server.models.instances import AttackSurface, ServiceEndpoint, VpnEndpoint
from ctfy.server.models.nodes import NodeInstanceState, NodeStartRequest

log = structlog.get_logger()


class Instances:
    """Starts and stops instances through the provider; an order is idempotent by instance id."""

    def __init__(
        self,
        provider: Provider,
        inventory: Inventory,
        library: Library,
        capacity: int,
        *,
        capture: Capture,
        builds: Builds,
    ) -> None:
        self.provider = provider
        self.inventory = inventory
        self.capture = capture
        self.builds = builds
        self.capacity = capacity
        self.library = library
        library.in_use = self._versions_in_use
        self._starting: dict[str, asyncio.Task[None]] = {}
        self.warm = WarmPool(
            provider,
            library.catalogue,
            inventory.root.parent / "warm",
            room=lambda: self.capacity - self.running - len(self.warm),
            busy=lambda: bool(self._starting),
        )

    def _versions_in_use(self) -> set[str]:
        return {state.challenge_digest for state in self.inventory.states.values()}

    @property
    def running(self) -> int:
        """How many instances run or start; those that failed do not count."""
        return sum(state.status != "error" for state in self.inventory.states.values())

    async def recover(self) -> None:
        """After a restart: adopt the instances that still run, and record the others as failed."""
        ready = {i for i, state in self.inventory.states.items() if state.status == "ready"}
        handles = await self.provider.recover(
            {self.inventory.handle(i): partial(self._fail, i) for i in ready}
        )
        adopted = {i for i in ready if self.inventory.handle(i) in handles}
        for instance_id, state in list(self.inventory.states.items()):
            if instance_id not in adopted and state.status != "error":
                self._fail(instance_id, "The node restarted and lost the instance.")
            elif instance_id in adopted:
                await self._republish(instance_id, state)
        self.warm.open()

    async def _republish(self, instance_id: str, state: NodeInstanceState) -> None:
        version = state.challenge_id, state.challenge_digest
        challenge = await asyncio.to_thread(self.library.here, *version)
        try:
            if challenge is None:
                raise StartFailed("The challenge is not on this node any more.")
            services = await self.provider.services(self.inventory.handle(instance_id), challenge)
            await self._publish(instance_id, self.inventory.folder(instance_id), services)
        except (StartFailed, OSError) as error:
            await self.provider.stop(self.inventory.handle(instance_id))
            self._fail(instance_id, f"The node restarted and could not publish it again: {error}")

    async def _publish(
        self, instance_id: str, folder: Path, services: list[ServiceEndpoint]
    ) -> tuple[list[ServiceEndpoint], VpnEndpoint | None]:
        """Where players reach an instance: its services, or the VPN that leads to them."""
        inner = await self.provider.vpn(self.inventory.handle(instance_id))
        if inner is None:
            return await self.capture.publish(instance_id, folder, services), None
        host, port = await self.capture.publish_vpn(instance_id, folder, inner)
        self.provider.write_vpn_config(folder, host, port)
        config_url = f"/api/v1/instances/{instance_id}/openvpn-config"
        return services, VpnEndpoint(host=host, port=port, config_url=config_url)

    def start(self, order: NodeStartRequest) -> NodeInstanceState:
        """Start an instance in the background. Raises `unknown_challenge`, `capacity_exceeded`."""
        known = self.inventory.states.get(order.instance_id)
        if known is not None:
            return known
        current = self.library.catalogue.get(order.challenge_id)
        if current is None and not order.challenge_digest:
            raise NotFound("unknown_challenge", "This node has no such challenge.")
        if self.running >= self.capacity:
            raise Unavailable(
                "capacity_exceeded", "This node is full.", headers={"Retry-After": "5"}
            )
        state = NodeInstanceState(
            instance_id=order.instance_id,
            status="starting",
            challenge_id=order.challenge_id,
            challenge_digest=order.challenge_digest or (current.digest if current else ""),
        )
        self.inventory.states[order.instance_id] = state
        is_current = current is not None and current.digest == state.challenge_digest
        member = self.warm.claim(current) if current is not None and is_current else None
        try:
            if member is not None:
                member.on_exit = lambda reason: self._fail(order.instance_id, reason)
                self.inventory.adopt(order.instance_id, member.folder, member.handle)
            self.inventory.put(state)
        except OSError as error:
            if member is not None:
                self.warm.release(member)
            self._fail(order.instance_id, f"The node cannot write to its disk: {error.strerror}.")
            return self.get(order.instance_id)
        task = asyncio.create_task(self._start(state, order, member))
        self._starting[order.instance_id] = task
        task.add_done_callback(lambda _: self._starting.pop(order.instance_id, None))
        return state

    async def _start(
        self, state: NodeInstanceState, order: NodeStartRequest, member: WarmInstance | None
    ) -> None:
        instance_id = order.instance_id
        folder = self.inventory.folder(instance_id)
        try:
            write_answers(folder / "answers", order.answers)
            if member is not None:
                challenge, inner = member.challenge, member.services
            else:
                challenge = await self.library.get(order.challenge_id, state.challenge_digest)
                if self.running + len(self.warm) > self.capacity:
                    await self.warm.evict_one()
                placed = Order(instance_id, challenge, order.answers, folder)
                inner = await self.provider.start(
                    placed, lambda reason: self._fail(instance_id, reason)
                )
            services, vpn = await self._publish(instance_id, folder, inner)
            files = render_attachments(
                challenge,
                {
                    "answers": order.answers,
                    "instance_id": instance_id,
                    "challenge_id": challenge.id,
                    "services": services,
                },
                folder / "attachments",
            )
            surface = AttackSurface(
                services=services,
                provided_files=[AttachmentInfo(name=f.name, size=f.stat().st_size) for f in files],
                vpn=vpn,
            )
            if ended := self.get(instance_id).error:  # by itself, meanwhile
                raise StartFailed(ended)
            ready = {"status": "ready", "attack_surface": surface}
            self.inventory.put(state.model_copy(update=ready))
            if self.library.catalogue.get(challenge.id) is challenge:
                self.builds.built(challenge)
        except (StartFailed, TemplateError, PathRefused, OSError) as error:
            await self._abort_start(instance_id, str(error))
        except Exception:
            log.exception("start_failed", instance_id=instance_id)
            await self._abort_start(instance_id, "The node failed to start the instance.")

    async def _abort_start(self, instance_id: str, reason: str) -> None:
        """Record that a start failed, and remove what it left."""
        self._fail(instance_id, reason)
        try:
            await self.provider.stop(self.inventory.handle(instance_id))
        except Exception as error:  # the platform's stop comes, and tries again
            log.warning("failed_start_left", instance_id=instance_id, error=str(error))

    def _fail(self, instance_id: str, reason: str) -> None:
        state = self.inventory.states.get(instance_id)
        self.capture.withdraw(instance_id)
        if state is not None:
            failed = {"status": "error", "error": reason, "attack_surface": None}
            try:
                self.inventory.put(state.model_copy(update=failed))
            except OSError as error:  # known while the node runs; after a restart found out again
                log.warning("state_not_kept", instance_id=instance_id, error=str(error))

    def get(self, instance_id: str) -> NodeInstanceState:
        """The state of an instance. Raises `instance_not_found`."""
        state = self.inventory.states.get(instance_id)
        if state is None:
            raise NotFound("instance_not_found", "This node has no such instance.")
        return state

    def handle(self, instance_id: str) -> str:
        """What the provider calls an instance. Raises `instance_not_found`."""
        self.get(instance_id)
        return self.inventory.handle(instance_id)

    async def wait_started(self, instance_id: str, seconds: float) -> None:
        """Return when the instance has started or failed, at the latest after `seconds`."""
        starting = self._starting.get(instance_id)
        if starting is not None and seconds > 0:
            await asyncio.wait({starting}, timeout=seconds)

    def attachment(self, instance_id: str, filename: str) -> Path:
        """A rendered file. Raises `attachment_not_found`."""
        surface = self.get(instance_id).attack_surface
        if surface is None or filename not in {f.name for f in surface.provided_files}:
            raise NotFound("attachment_not_found", "This instance has no such file.")
        return self.inventory.folder(instance_id) / "attachments" / filename

    async def stop(self, instance_id: str) -> None:
        """End an instance; nothing of it is left afterwards. Raises `instance_not_found`."""
        handle = self.handle(instance_id)
        if starting := self._starting.get(instance_id):
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
        self.capture.withdraw(instance_id)
        await self.provider.stop(handle)
        self.inventory.forget(instance_id)

    async def stop_all(self) -> None:
        """End every instance."""
        await asyncio.gather(*(self.stop(i) for i in list(self.inventory.states)))

    async def close(self, *, keep: bool = False) -> None:
        """End everything, starting instances too; `keep` leaves the ready ones to the provider."""
        await self.library.close()
        await self.builds.close()
        await self.warm.close()
        over = [i for i, s in self.inventory.states.items() if not keep or s.status != "ready"]
        try:
            await asyncio.gather(*map(self.stop, over))
            await (self.provider.detach() if keep else self.provider.close())
        except ProviderAway as error:  # the inventory remembers them, and the next start looks
            log.warning("instances_left", error=str(error))
        self.capture.close()
