"""What an instance gives to be attacked: services, credentials, files, a VPN."""

from __future__ import annotations

from typing import Literal

from ctfy.core.enums import ServiceType as ServiceType
from ctfy.core.wire import Response, Unbelieved


class AttachmentInfo(Response):
    """A file that players download; `size` in bytes."""

    name: str
    size: int


class Credential(Response):
    """A login that belongs to a service."""

    username: str
    password: str | None = None
    key_file: str | None = None


class ServiceEndpoint(Response):
    """Where one service of an instance is reached."""

    service_type: ServiceType
    host: str
    port: int
    credentials: Credential | None = None
    path: str = "/"
    label: str = ""

    @property
    def url(self) -> str:
        """The address as a URL, without a slash at its end; a TCP service has no path."""
        has_path = self.service_type in (ServiceType.HTTP, ServiceType.HTTPS)
        path = self.path if has_path and self.path != "/" else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.service_type.value}://{host}:{self.port}{path}"


class VpnEndpoint(Response):
    """The OpenVPN server of an engagement instance."""

    proto: Literal["udp", "tcp"] = "udp"
    host: str
    port: int
    config_url: str = ""


class AttackSurface(Response):
    """Everything a player is given to start from."""

    services: Unbelieved[ServiceEndpoint] = []
    provided_files: Unbelieved[AttachmentInfo] = []
    flag_path: str | None = None
    vpn: VpnEndpoint | None = None
