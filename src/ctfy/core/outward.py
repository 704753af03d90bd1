"""Which addresses something may connect to on behalf of whoever named them.

A name or an address that an operator typed must not lead inwards: to this machine, to its network,
or to a cloud's metadata. The rule stands here alone; whoever connects asks it of the address that
it connects to, never of a name, which may lead elsewhere the next time.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

# Addresses of IPv6 that stand for one of IPv4: by way of NAT64 a host without IPv4 reaches it.
_NAT64 = IPv6Network("64:ff9b::/96")
# Tunnels to IPv4, its forms in IPv6 (local NAT64, compatible, SIIT), and what once was local.
_INWARD = tuple(
    map(
        IPv6Network,
        ("2002::/16", "2001::/32", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "fec0::/10"),
    )
)


def may_connect(address: str, networks: Iterable[str] = ()) -> bool:
    """Whether an IP address is public, or in one of `networks`, which are allowed besides."""
    try:
        ip = _plain(address.partition("%")[0])
    except ValueError:
        return False
    if any(ip in ip_network(network) for network in networks):
        return True
    if isinstance(ip, IPv6Address) and any(ip in inward for inward in _INWARD):
        return False
    return ip.is_global and not ip.is_multicast


def _plain(address: str) -> IPv4Address | IPv6Address:
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip
