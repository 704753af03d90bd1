"""Passwords as CTFd stores them, for people who came along: passlib's `bcrypt_sha256`.

The password goes through SHA-256 first, since bcrypt heeds 72 bytes alone: keyed by the salt in
version 2 of the format, plain before. Whoever signs in is given a hash of ours instead.

https://passlib.readthedocs.io/en/stable/lib/passlib.hash.bcrypt_sha256.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

# A cost of 14 takes a second; one of 31 would hold up everybody who signs in, for days.
_COST = r"(?P<cost>0?[4-9]|1[0-4])"
_SALT = r"\$(?P<salt>[./A-Za-z0-9]{22})\$(?P<digest>[./A-Za-z0-9]{31})"
_KEYED = re.compile(rf"\$bcrypt-sha256\$v=2,t=(?P<kind>2[aby]),r={_COST}{_SALT}")
_PLAIN = re.compile(rf"\$bcrypt-sha256\$(?P<kind>2[aby]),{_COST}{_SALT}")


class BcryptSha256:
    """Verifies such hashes, and makes none."""

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        """Whether this is such a hash, of a cost that can be borne."""
        return bool(_KEYED.fullmatch(_text(hash)) or _PLAIN.fullmatch(_text(hash)))

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Raise: passwords are hashed by Argon2id."""
        raise NotImplementedError("passwords are hashed by Argon2id")

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        """Whether a password is the one that was hashed."""
        import bcrypt  # for the first who signs in with one

        stored = _text(hash)
        keyed = _KEYED.fullmatch(stored)
        found = keyed or _PLAIN.fullmatch(stored)
        if found is None:
            return False
        given = password.encode() if isinstance(password, str) else password
        if keyed:
            inner = hmac.digest(found["salt"].encode(), given, "sha256")
        else:
            inner = hashlib.sha256(given).digest()
        setting = f"${found['kind']}${int(found['cost']):02}${found['salt']}"
        made = bcrypt.hashpw(base64.b64encode(inner), setting.encode())
        return hmac.compare_digest(made, f"{setting}{found['digest']}".encode())

    def check_needs_rehash(self, hash: str | bytes) -> bool:
        """Always: it is replaced at the next sign-in."""
        return True


def _text(hash: str | bytes) -> str:
    return hash if isinstance(hash, str) else hash.decode(errors="replace")
