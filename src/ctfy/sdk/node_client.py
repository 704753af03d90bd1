"""A node for scripts, with dictionaries for answers."""

from __future__ import annotations

from typing import Any, BinaryIO

from ctfy.sdk.base import DEFAULT_CLIENT_TIMEOUT, BaseHttpClient, check_address
from ctfy.sdk.node import TypedNodeClient


class NodeClient(BaseHttpClient):
    """One worker node. Raises what `typed` does, which has the same methods and gives models.

    A node that is not there is asked again, as a server is.
    """

    def __init__(self, node_url: str, token: str, *, timeout: int = DEFAULT_CLIENT_TIMEOUT) -> None:
        check_address(node_url, token)
        super().__init__(node_url, token, timeout=timeout)
        self.typed = TypedNodeClient(node_url, token, timeout=timeout, max_retries=self.max_retries)

    def start_instance(
        self,
        *,
        challenge_id: str,
        instance_id: str,
        ttl: int,
        answers: dict[str, str],
        proxy_output_dir: str | None = None,
        digest: str = "",
    ) -> dict[str, Any]:
        """Order an instance; a second order of the same id changes nothing."""
        return self.typed.start_instance(
            challenge_id=challenge_id,
            instance_id=instance_id,
            ttl=ttl,
            answers=answers,
            proxy_output_dir=proxy_output_dir,
            digest=digest,
        ).model_dump(mode="json")

    def stop_instance(self, instance_id: str) -> None:
        """Stop an instance; returns when nothing of it is left."""
        self.typed.stop_instance(instance_id)

    def stop_all(self) -> None:
        """Stop every instance."""
        self.typed.stop_all()

    def list_instances(self) -> list[dict[str, Any]]:
        """The node's inventory."""
        return [state.model_dump(mode="json") for state in self.typed.list_instances()]

    def get_status(self, instance_id: str, wait: float = 0) -> dict[str, Any]:
        """How far an instance is; while it starts, the node waits up to `wait` s for news."""
        return self.typed.get_status(instance_id, wait).model_dump(mode="json")

    def check_health(self, instance_id: str) -> bool:
        """Whether an instance's service answers."""
        return self.typed.check_health(instance_id)

    def node_health(self) -> dict[str, Any]:
        """The node's own view of itself."""
        return self.typed.node_health().model_dump(mode="json")

    def get_container_logs(self, instance_id: str) -> str:
        """What an instance's processes printed."""
        return self.typed.get_container_logs(instance_id)

    def list_containers(self, instance_id: str) -> list[dict[str, Any]]:
        """The containers or sandboxes of an instance."""
        return [found.model_dump(mode="json") for found in self.typed.list_containers(instance_id)]

    def get_traffic(
        self,
        instance_id: str,
        *,
        offset: int = 0,
        limit: int = 10_000,
        max_bytes: int | None = None,
    ) -> dict[str, Any]:
        """What the instance's services were asked and answered: `items`, oldest first."""
        flows = self.typed.get_traffic(instance_id, offset=offset, limit=limit, max_bytes=max_bytes)
        return {"items": [flow.recorded() for flow in flows]}

    def get_pcap(self, instance_id: str) -> bytes:
        """The packets of an instance, as libpcap writes them."""
        return self.typed.get_pcap(instance_id)

    def save_pcap(self, instance_id: str, file: BinaryIO) -> None:
        """The same, written into a file."""
        self.typed.save_pcap(instance_id, file)

    def get_agent_runtime(self, instance_id: str) -> dict[str, Any]:
        """How a harness reaches an instance."""
        return self.typed.get_agent_runtime(instance_id).model_dump(mode="json")

    def rescan_challenges(self) -> dict[str, Any]:
        """Have the node look at its challenges folder again."""
        return self.typed.rescan_challenges().model_dump(mode="json")

    def build_challenge(self, challenge_id: str) -> dict[str, Any]:
        """Have a challenge built; `get_build_state` says how far it is."""
        return self.typed.build_challenge(challenge_id).model_dump(mode="json")

    def build_all_challenges(self, challenge_ids: list[str] | None = None) -> dict[str, Any]:
        """Have challenges built, all without ids."""
        return self.typed.build_all_challenges(challenge_ids).model_dump(mode="json")

    def get_build_state(self) -> dict[str, Any]:
        """What is built: `rows`."""
        return self.typed.get_build_state().model_dump(mode="json")

    def get_build_log(self, challenge_id: str, after: int = 0) -> dict[str, Any]:
        """What building and pulling a challenge said, after a line: `lines`."""
        return self.typed.get_build_log(challenge_id, after).model_dump(mode="json")

    def pull_challenge(self, challenge_id: str) -> dict[str, Any]:
        """Have a challenge's images pulled; `get_pull_state` says how far it is."""
        return self.typed.pull_challenge(challenge_id).model_dump(mode="json")

    def pull_all_challenges(self, challenge_ids: list[str] | None = None) -> dict[str, Any]:
        """Have the images of challenges pulled, all without ids."""
        return self.typed.pull_all_challenges(challenge_ids).model_dump(mode="json")

    def get_pull_state(self) -> dict[str, Any]:
        """What is pulled: `rows`."""
        return self.typed.get_pull_state().model_dump(mode="json")

    def get_openvpn_config(self, instance_id: str) -> bytes:
        """The client configuration of the instance's VPN."""
        return self.typed.get_openvpn_config(instance_id)

    def list_instance_attachments(self, instance_id: str) -> dict[str, Any]:
        """The files of an instance."""
        return self.typed.list_instance_attachments(instance_id).model_dump(mode="json")

    def download_instance_attachment(self, instance_id: str, filename: str) -> tuple[bytes, str]:
        """One file of an instance, and its media type."""
        return self.typed.download_instance_attachment(instance_id, filename)

    def close(self) -> None:
        """Close the connections."""
        self.typed.close()
        super().close()
