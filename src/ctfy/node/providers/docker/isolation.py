"""Firewall rules that keep instances from each other, from the host and from the internet.

Docker's own `internal` networks do not do that: a container on one still reaches the host at the
bridge's address. So every network of an instance is a bridge whose name begins with `ct`, and a few
rules say what may come from such a bridge, however many there are.

They stand in the table `mangle`, which sees every packet before `filter` does. In `filter` they
would depend on others: for each network that it makes, Docker takes its jump to `DOCKER-USER` away
and puts it back, and a connection that begins in between is an established one afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import random
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import structlog

from ctfy.node.providers.base import ProviderUnavailable

log = structlog.get_logger()

_BRIDGE, _EGRESS_BRIDGE = "cti", "cte"  # at most 15 characters with the 12 that follow
TABLE, INPUT, FORWARD = "mangle", "CTFY-INPUT", "CTFY-FORWARD"
JUMPS = (("INPUT", INPUT), ("FORWARD", FORWARD))
_JUMPS_BEFORE = (("INPUT", INPUT), ("DOCKER-USER", FORWARD))  # in `filter`, until 0.6
# What a challenge with `egress: true` cannot reach: private, metadata and reserved addresses.
_NO_EGRESS_TO = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
_PREFIX = 28  # 13 containers on a network of an instance


def bridge_name(instance_id: str, network: str, *, egress: bool) -> str:
    """The bridge of one network of one instance."""
    digest = hashlib.sha256(f"{instance_id}/{network}".encode()).hexdigest()[:12]
    return (_EGRESS_BRIDGE if egress else _BRIDGE) + digest


def rules() -> str:
    """Both chains as input of `iptables-restore`, which replaces them atomically."""
    lines = [
        f"*{TABLE}",
        f":{INPUT} - [0:0]",
        f":{FORWARD} - [0:0]",
        # The host: answers to what the host itself began (the node's relays), and nothing else.
        f"-A {INPUT} -i ct+ -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
        f"-A {INPUT} -i ct+ -j DROP",
        # Within one network, which is bridged, not routed.
        f"-A {FORWARD} -i ct+ -m physdev --physdev-is-bridged -j RETURN",
        f"-A {FORWARD} -i ct+ -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
        f"-A {FORWARD} -o ct+ -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
        f"-A {FORWARD} -o ct+ -j DROP",
        *(f"-A {FORWARD} -i {_EGRESS_BRIDGE}+ -d {network} -j DROP" for network in _NO_EGRESS_TO),
        f"-A {FORWARD} -i {_EGRESS_BRIDGE}+ -j RETURN",
        f"-A {FORWARD} -i ct+ -j DROP",
        "COMMIT",
        "",
    ]
    return "\n".join(lines)


_RULES_6 = f"""*{TABLE}
:{INPUT} - [0:0]
-A {INPUT} -i ct+ -j DROP
COMMIT
"""


async def enforce(networks: str) -> None:
    """Put the rules in place; they outlive the node. Raises ProviderUnavailable.

    `networks`: the address range of the instances' networks, as 10.213.0.0/16.
    """
    for tool, package in (("iptables", "iptables"), ("ip", "iproute2")):
        if shutil.which(tool) is None:
            raise ProviderUnavailable(
                f"the docker provider keeps instances apart with {tool}: install the package "
                f"'{package}', or use --provider sandbox"
            )
    try:
        await asyncio.to_thread(_apply, networks)
    except subprocess.CalledProcessError as error:
        words = str(error.stderr).strip().splitlines()[:1]
        raise ProviderUnavailable(
            f"the docker provider keeps instances apart with iptables, which it may not use here "
            f"({' '.join(words)}): run the node as root, or use --provider sandbox"
        ) from error


def _apply(networks: str) -> None:
    # What is sent to an instance that is gone must not look for its address elsewhere.
    _run("ip", "route", "replace", "unreachable", networks, "metric", "4096")
    _run("iptables-restore", "--wait", "--noflush", given=rules())
    for parent, chain in JUMPS:
        _jump("iptables", parent, chain)
    if shutil.which("ip6tables-restore"):
        try:
            _run("ip6tables-restore", "--wait", "--noflush", given=_RULES_6)
            _jump("ip6tables", "INPUT", INPUT)
        except subprocess.CalledProcessError as error:  # a kernel without IPv6 needs no rule
            log.debug("no_ipv6_rules", error=str(error.stderr))
    _forget_filter()


def _forget_filter() -> None:
    """Take away what an earlier version left in the table `filter`."""
    there = _run("iptables-save", "--table", "filter")
    for parent, chain in _JUMPS_BEFORE:
        if f":{chain} " in there:
            for words in (f"-D {parent} -j {chain}", f"-F {chain}", f"-X {chain}"):
                subprocess.run(
                    ["iptables", "--wait", *words.split()],
                    capture_output=True,
                    check=False,
                    timeout=30,
                )


def _jump(tool: str, parent: str, chain: str) -> None:
    try:
        _run(tool, "--wait", "--table", TABLE, "--check", parent, "--jump", chain)
    except subprocess.CalledProcessError:
        _run(tool, "--wait", "--table", TABLE, "--insert", parent, "1", "--jump", chain)


def _run(*command: str, given: str = "") -> str:
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


_LINKS = Path("/sys/class/net")
_OURS = re.compile(rf"\b(?:{_BRIDGE}|{_EGRESS_BRIDGE})[0-9a-f]{{12}}\b")


def orphaned_bridges(known: set[str]) -> set[str]:
    """Bridges of instances that are not in `known`, the bridges of the engine's networks.

    An engine that is killed while it makes or removes a network forgets its bridge, or the rules
    that it made for it.
    """
    names = " ".join(path.name for path in _LINKS.iterdir())
    return set(_OURS.findall(f"{names} {_run('iptables-save')}")) - known


def remove_bridge(name: str) -> None:
    """Remove a bridge, the interfaces attached to it, and the rules that name it."""
    plugged = [path.name for path in (_LINKS / name / "brif").glob("*")]
    for link in (*plugged, name):
        subprocess.run(["ip", "link", "delete", link], capture_output=True, check=False)
    table = ""
    for line in _run("iptables-save").splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A ") and name in line:
            rule = shlex.split(line.replace("-A", "--delete", 1))
            _run("iptables", "--wait", "--table", table, *rule)


class Subnets:
    """Allocates /28 networks out of one range; Docker's own pools hold some 30 networks."""

    def __init__(self, within: str) -> None:
        self._within = ipaddress.IPv4Network(within)

    def choose(self, taken: Iterable[str], count: int) -> list[str]:
        """Networks that overlap with none of `taken`. Raises LookupError when there are none.

        At random, so that two nodes on one engine rarely want the same at once.
        """
        used = [ipaddress.ip_network(network) for network in taken]
        mine = [u for u in used if isinstance(u, ipaddress.IPv4Network)]
        places = 2 ** (_PREFIX - self._within.prefixlen)
        chosen: list[ipaddress.IPv4Network] = []
        first = random.randrange(places)  # noqa: S311 - no secret
        for step in range(places):
            offset = ((first + step) % places) * 2 ** (32 - _PREFIX)
            network = ipaddress.IPv4Network((int(self._within.network_address) + offset, _PREFIX))
            if not any(network.overlaps(other) for other in mine):
                chosen.append(network)
                if len(chosen) == count:
                    return [str(network) for network in chosen]
        raise LookupError(f"every network in {self._within} is taken")
