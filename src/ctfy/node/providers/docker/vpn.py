"""The OpenVPN server of an engagement instance: keys, configurations, its place in the network.

Peer fingerprints (OpenVPN 2.6) need no certificate authority: server and client each hold a key of
their own and know the other's certificate, and no third key opens anything. All of it is made for
one instance and goes with it.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ctfy.node.inventory import write_atomically

SERVICE, PORT = "ctfy-vpn", 1194
_LIFE = datetime.timedelta(days=60)  # longer than any instance lives
_CLIENTS = "10.212.0.0/24"
CONFIG = "client.ovpn"


@dataclass(frozen=True, slots=True)
class _Identity:
    key: str
    certificate: str
    fingerprint: str


def _identity(name: str) -> _Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    moment = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - datetime.timedelta(hours=1))  # clocks differ
        .not_valid_after(moment + _LIFE)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _Identity(
        private.decode(),
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def prepare(folder: Path, subnets: list[str]) -> None:
    """Write the server's configuration to `folder/vpn`, and what the client's needs beside it.

    The client's own file waits for the port: see `write_client`.
    """
    server, client = _identity("server"), _identity("client")
    clients = ipaddress.IPv4Network(_CLIENTS)
    routes = [ipaddress.IPv4Network(subnet) for subnet in subnets]
    lines = [
        "dev tun",
        "proto udp",
        f"port {PORT}",
        "topology subnet",
        f"server {clients.network_address} {clients.netmask}",
        "duplicate-cn",  # every member of the team has the same configuration
        "max-clients 64",
        "keepalive 10 60",
        "dh none",
        "verb 3",
        f"peer-fingerprint {client.fingerprint}",
        *(f'push "route {route.network_address} {route.netmask}"' for route in routes),
        _inline("cert", server.certificate),
        _inline("key", server.key),
    ]
    vpn = folder / "vpn"
    vpn.mkdir(mode=0o700, exist_ok=True)
    write_atomically(vpn / "server.conf", ("\n".join(lines) + "\n").encode())
    half = [
        f"peer-fingerprint {server.fingerprint}",
        _inline("cert", client.certificate),
        _inline("key", client.key),
    ]
    write_atomically(folder / "client.half", ("\n".join(half) + "\n").encode())


def write_client(folder: Path, host: str, port: int) -> None:
    """Write the client's configuration, for where the server is reached."""
    lines = [
        "client",
        "dev tun",
        "proto udp",
        f"remote {host} {port}",
        "nobind",
        "persist-tun",
        "resolv-retry 5",
        'pull-filter ignore "redirect-gateway"',
        'pull-filter ignore "dhcp-option"',
        "verb 3",
    ]
    half = (folder / "client.half").read_text()
    write_atomically(folder / CONFIG, ("\n".join(lines) + "\n" + half).encode())


def _inline(name: str, content: str) -> str:
    return f"<{name}>\n{content.strip()}\n</{name}>"


def service(
    folder: Path, image: str, networks: list[str], labels: dict[str, str]
) -> dict[str, Any]:
    """The server as a service of the instance's compose file.

    It may make a tunnel in its own network namespace, and forward from there to the instance's
    networks alone; towards the host it is bound by the same rules as every service.
    """
    clients = _CLIENTS
    script = (
        f"iptables -t nat -A POSTROUTING -s {clients} ! -o tun0 -j MASQUERADE"
        " && iptables -P FORWARD DROP"
        f" && iptables -A FORWARD -i tun0 ! -o tun0 -s {clients} -j ACCEPT"
        " && iptables -A FORWARD -o tun0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
        " && exec openvpn --config /vpn/server.conf"
    )
    return {
        "image": image,
        "command": ["sh", "-c", script],
        "labels": {**labels, "ctfy.service": SERVICE, "ctfy.sidecar": "yes"},
        "networks": dict.fromkeys(networks),
        "volumes": [
            {
                "type": "bind",
                "source": str(folder / "vpn"),
                "target": "/vpn",
                "read_only": True,
            }
        ],
        "devices": ["/dev/net/tun:/dev/net/tun"],
        "cap_drop": ["ALL"],
        "cap_add": ["NET_ADMIN"],
        "security_opt": ["no-new-privileges:true"],
        "sysctls": {"net.ipv4.ip_forward": "1"},
        "mem_limit": "64m",
        "memswap_limit": "64m",
        "ulimits": {},
        "cpus": 0.5,
        "pids_limit": 32,
        "restart": "no",
        "logging": {"driver": "json-file", "options": {"max-size": "2m", "max-file": "1"}},
    }
