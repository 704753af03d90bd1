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

    def get_traffic(self, instance_id: str) -> dict[str, Any]:
        """What the instance's services were asked and answered."""
        return self._json("GET", f"/instances/{instance_id}/traffic")

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
