"""Passwords and tokens as they are stored, and secrets that are derived instead of stored."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from ctfy.core.credentials import API_TOKEN_PREFIX as API_TOKEN_PREFIX
from ctfy.core.credentials import NODE_TOKEN_PREFIX as NODE_TOKEN_PREFIX
from ctfy.core.credentials import REGISTRATION_TOKEN_PREFIX as REGISTRATION_TOKEN_PREFIX
from ctfy.core.credentials import SESSION_TOKEN_PREFIX as SESSION_TOKEN_PREFIX
from ctfy.server.access.bcrypt_sha256 import BcryptSha256

Result = TypeVar("Result")

# The parameters of OWASP's password storage cheat sheet. Hashes of others are still verified, also
# those of people who came from elsewhere, and replaced at the next sign-in.
_passwords = PasswordHash(
    (Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1), BcryptSha256())
)
# As many at once as there are processors; the rest wait here, and nobody else waits for them.
_hashing = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="password")


def hash_at_once(most: int) -> None:
    """How many passwords this process hashes at once; a forked one has to say it before any."""
    global _hashing
    _hashing = ThreadPoolExecutor(most, thread_name_prefix="password")


@dataclass(frozen=True, slots=True)
class CheckedPassword:
    """Whether a password is right, and its new hash where the stored one is of old parameters."""

    is_right: bool
    renewed_hash: str | None = None


@functools.cache
def _nobodys_hash() -> str:
    """The hash of a password that nobody has, made when it is first needed."""
    return _passwords.hash(secrets.token_hex())


class Secret(bytes):
    """The root of everything that is derived instead of stored."""


class Seal:
    """Encrypts and decrypts what is stored for one purpose, under the platform's secret."""

    def __init__(self, secret: Secret, purpose: str) -> None:
        from cryptography.fernet import Fernet  # 8 MB in memory, which not every server needs

        key = hmac.new(secret, purpose.encode(), hashlib.sha256).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(key))

    def close(self, text: str) -> bytes:
        """A text as it is stored."""
        return self._cipher.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """A text as it was written."""
        return self._cipher.decrypt(sealed).decode()


async def hash_password(password: str) -> str:
    """The Argon2id hash of a password, computed off the event loop."""
    return await _off_the_loop(_passwords.hash, password)


async def check_password_hash(password: str, stored: str | None) -> CheckedPassword:
    """Compare a password. Without a stored hash it takes as long, and is wrong."""

    def check() -> CheckedPassword:
        is_right, renewed = _passwords.verify_and_update(password, stored or _nobodys_hash())
        return CheckedPassword(is_right, renewed) if stored else CheckedPassword(is_right=False)

    return await _off_the_loop(check)


async def _off_the_loop(work: Callable[..., Result], *arguments: str) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_hashing, work, *arguments)


def is_password_hash(stored: str) -> bool:
    """Whether a hash from elsewhere is one that can be verified here."""
    return any(hasher.identify(stored) for hasher in _passwords.hashers)


def new_token(prefix: str) -> str:
    """A fresh token with 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token. It is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def node_token(secret: Secret, node_id: str) -> str:
    """A node's own token, derived: the platform must present it too and stores none."""
    mac = hmac.new(secret, f"node-token|{node_id}".encode(), hashlib.sha256).hexdigest()
    return f"{NODE_TOKEN_PREFIX}{node_id}.{mac}"


def node_of_token(secret: Secret, token: str) -> str | None:
    """The id of the node whose token this is, or None."""
    node_id = token.removeprefix(NODE_TOKEN_PREFIX).partition(".")[0]
    expected = node_token(secret, node_id)
    return node_id if hmac.compare_digest(expected.encode(), token.encode()) else None
