"""Proof of work at registration: a machine that makes accounts by the thousand pays for each."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from ctfy.core.errors import field_error
from ctfy.server.cache import Cache

_LIFETIME_S = 50  # shorter than what is remembered of the used ones


def challenge(secret: bytes) -> str:
    """A fresh challenge, signed: nothing of it is stored until it is used."""
    words = f"{int(time.time()) + _LIFETIME_S}.{secrets.token_hex(8)}"
    return f"{words}.{_signature(secret, words)}"


def _signature(secret: bytes, words: str) -> str:
    return hmac.new(secret, f"proof|{words}".encode(), hashlib.sha256).hexdigest()[:32]


def proves(proof: str, bits: int) -> bool:
    """Whether the SHA-256 of `challenge:n` begins with that many zero bits."""
    digest = hashlib.sha256(proof.encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


def check(secret: bytes, cache: Cache, proof: str, bits: int) -> None:
    """Raise 422 unless the proof is of a challenge of ours, in time, and not used before."""
    if bits == 0:
        return
    given, _, _ = proof.rpartition(":")
    words, _, signature = given.rpartition(".")
    expires = words.partition(".")[0]
    genuine = hmac.compare_digest(signature, _signature(secret, words)) and expires.isdecimal()
    used = ("proof", words)
    if not genuine or time.time() > int(expires) or cache.get(used) or not proves(proof, bits):
        raise field_error(
            ["body", "proof"],
            f"is no fresh proof of work of {bits} bits: see GET /auth/register/challenge",
        )
    cache.put(used, True, ())
