"""The platform's way to a node."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ctfy.sdk.base import DEFAULT_CLIENT_TIMEOUT, BaseHttpClient


class NodeClient:
    """One worker node. Raises CtfyApiError when it refuses, httpx.TransportError when it is away.

    Nothing is repeated here: the jobs that call decide when to try again.
    """

    def __init__(self, node_url: str, token: str, *, timeout: int = DEFAULT_CLIENT_TIMEOUT) -> None:
        self._http = BaseHttpClient(node_url, token, timeout=timeout, max_retries=0)

    def start_instance(
        self,
        *,
        challenge_id: str,
        instance_id: str,
        ttl: int,
        answers: dict[str, str],
        proxy_output_dir: str | None = None,
    ) -> dict[str, Any]:
        """Order an instance; a second order of the same id changes nothing."""
        body = {
            "challenge_id": challenge_id,
            "instance_id": instance_id,
            "ttl": ttl,
            "answers": answers,
            "proxy_output_dir": proxy_output_dir,
        }
        return self._json("POST", "/instances", json=body)

    def stop_instance(self, instance_id: str) -> None:
        """Stop an instance; returns when nothing of it is left."""
        self._http.request("DELETE", f"/instances/{instance_id}", timeout=60)

    def stop_all(self) -> None:
        """Stop every instance."""
        self._http.request("POST", "/admin/stop-all", timeout=120)

    def list_instances(self) -> list[dict[str, Any]]:
        """The node's inventory."""
        found: list[dict[str, Any]] = self._http.request("GET", "/instances").json()
        return found

    def get_status(self, instance_id: str, wait: float = 0) -> dict[str, Any]:
        """How far an instance is; while it starts, the node waits up to `wait` s for news."""
        return self._json("GET", f"/instances/{instance_id}/status", params={"wait": wait})

    def check_health(self, instance_id: str) -> bool:
        """Whether an instance's service answers."""
        return bool(self._json("GET", f"/instances/{instance_id}/health")["is_healthy"])

    def node_health(self) -> dict[str, Any]:
        """The node's own view of itself."""
        return self._json("GET", "/health")

    def get_container_logs(self, instance_id: str) -> str:
        """What an instance's processes printed."""
        return str(self._json("GET", f"/instances/{instance_id}/container-logs")["logs"])

    def list_containers(self, instance_id: str) -> list[dict[str, Any]]:
        """The containers or sandboxes of an instance."""
        path = f"/instances/{instance_id}/containers"
        found: list[dict[str, Any]] = self._http.request("GET", path).json()
        return found

    def get_traffic(
        self, instance_id: str, *, offset: int = 0, limit: int = 10_000
    ) -> dict[str, Any]:
        """What the instance's services were asked and answered: `items`, oldest first."""
        path = f"/instances/{instance_id}/traffic"
        page = {"offset": offset, "limit": limit}
        return {"items": self._http.request("GET", path, params=page, timeout=60).json()}

    def get_pcap(self, instance_id: str) -> bytes:
        """The packets of an instance, as libpcap writes them."""
        return self._http.request("GET", f"/instances/{instance_id}/pcap", timeout=60).content

    def get_agent_runtime(self, instance_id: str) -> dict[str, Any]:
        """How a harness reaches an instance."""
        return self._json("GET", f"/instances/{instance_id}/agent-runtime")

    def rescan_challenges(self) -> dict[str, Any]:
        """Have the node look at its challenges folder again."""
        return self._json("POST", "/admin/rescan-challenges", timeout=60)

    def build_challenge(self, challenge_id: str) -> dict[str, Any]:
        """Have a challenge built; `get_build_state` says how far it is."""
        return self._json("POST", f"/admin/challenges/{quote(challenge_id, safe='')}/build")

    def build_all_challenges(self, challenge_ids: list[str] | None = None) -> dict[str, Any]:
        """Have challenges built, all without ids."""
        body = {"challenge_ids": challenge_ids}
        return self._json("POST", "/admin/challenges/build-all", json=body)

    def get_build_state(self) -> dict[str, Any]:
        """What is built: `rows`."""
        return self._json("GET", "/admin/challenges/build-state")

    def pull_challenge(self, challenge_id: str) -> dict[str, Any]:
        """Have a challenge's images pulled; `get_pull_state` says how far it is."""
        return self._json("POST", f"/admin/challenges/{quote(challenge_id, safe='')}/pull")

    def pull_all_challenges(self, challenge_ids: list[str] | None = None) -> dict[str, Any]:
        """Have the images of challenges pulled, all without ids."""
        body = {"challenge_ids": challenge_ids}
        return self._json("POST", "/admin/challenges/pull-all", json=body)

    def get_pull_state(self) -> dict[str, Any]:
        """What is pulled: `rows`."""
        return self._json("GET", "/admin/challenges/pull-state")

    def get_openvpn_config(self, instance_id: str) -> bytes:
        """The client configuration of the instance's VPN."""
        return self._http.request("GET", f"/instances/{instance_id}/openvpn-config").content

    def list_instance_attachments(self, instance_id: str) -> dict[str, Any]:
        """The files of an instance."""
        return self._json("GET", f"/instances/{instance_id}/attachments")

    def download_instance_attachment(self, instance_id: str, filename: str) -> tuple[bytes, str]:
        """One file of an instance, and its media type."""
        path = f"/instances/{instance_id}/attachments/{quote(filename, safe='')}"
        response = self._http.request("GET", path)
        return response.content, response.headers.get("content-type", "application/octet-stream")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _json(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._http.request(method, path, **kwargs).json()
        return found
