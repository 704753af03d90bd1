"""TCP packets, in libpcap's format, of the streams that a node relays.

The node sees streams and no packets, so these are synthesised: a handshake, a packet per read (of
at most 32,000 bytes) and a FIN of each side, with valid lengths, sequence numbers and checksums.
"""

from __future__ import annotations

import ipaddress
import struct
import time

_RAW_IP = 101  # LINKTYPE_RAW
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, _RAW_IP)
_MOST_PAYLOAD = 32_000
_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10

Address = tuple[str, int]


class Packets:
    """The packets of one connection. Every method gives bytes to append to the file."""

    def __init__(self, client: Address, service: Address) -> None:
        self._client, self._service = _end(client), _end(service)
        self._sent = {True: 0, False: 0}  # by "from the client": the next sequence number

    def opened(self) -> bytes:
        """The packets of the handshake."""
        hello = self._packet(True, _SYN, b"")
        self._sent[True] = 1
        answer = self._packet(False, _SYN | _ACK, b"")
        self._sent[False] = 1
        return hello + answer + self._packet(True, _ACK, b"")

    def data(self, chunk: bytes, *, from_client: bool) -> bytes:
        """The packets of what one side sent."""
        packets = b""
        for start in range(0, len(chunk), _MOST_PAYLOAD):
            part = chunk[start : start + _MOST_PAYLOAD]
            packets += self._packet(from_client, _PSH | _ACK, part)
            self._sent[from_client] += len(part)
        return packets

    def closed(self) -> bytes:
        """The packets that end the connection."""
        packets = self._packet(True, _FIN | _ACK, b"")
        self._sent[True] += 1
        packets += self._packet(False, _FIN | _ACK, b"")
        self._sent[False] += 1
        return packets + self._packet(True, _ACK, b"")

    def _packet(self, from_client: bool, flags: int, payload: bytes) -> bytes:
        here, there = (self._client, self._service)[:: 1 if from_client else -1]
        sequence = self._sent[from_client] & 0xFFFFFFFF
        heard = self._sent[not from_client] & 0xFFFFFFFF if flags & _ACK else 0
        tcp = struct.pack(
            ">HHIIBBHHH", here[1], there[1], sequence, heard, 5 << 4, flags, 65535, 0, 0
        )
        length = len(tcp) + len(payload)
        pseudo = here[0] + there[0] + struct.pack(">BBH", 0, 6, length)
        tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp + payload)) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 6, 0) + here[0] + there[0]
        ip = ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:]
        whole = ip + tcp + payload
        seconds, fraction = divmod(time.time(), 1)
        size = len(whole)
        return struct.pack("<IIII", int(seconds), int(fraction * 1e6), size, size) + whole


def _end(address: Address) -> tuple[bytes, int]:
    """An address as IPv4 has it; an IPv6 one is shown as 0.0.0.0."""
    try:
        return ipaddress.IPv4Address(address[0]).packed, address[1]
    except ValueError:
        return bytes(4), address[1]


def _checksum(content: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(content) % 2:
        content += b"\0"
    total: int = sum(struct.unpack(f">{len(content) // 2}H", content))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
