"""Passwords of a file while they wait to be hashed: encrypted, under the platform's secret."""

from __future__ import annotations

import base64
import hashlib
import hmac

from ctfy.server.access.secrets import Secret


class Seal:
    """Encrypts and decrypts the passwords of one import."""

    def __init__(self, secret: Secret, import_id: str) -> None:
        from cryptography.fernet import Fernet  # 8 MB in memory, which not every server needs

        key = hmac.new(secret, f"people-import|{import_id}".encode(), hashlib.sha256).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(key))

    def close(self, password: str) -> bytes | None:
        """A password as it is stored; None for none."""
        return self._cipher.encrypt(password.encode()) if password else None

    def open(self, sealed: bytes) -> str:
        """A password as it was written."""
        return self._cipher.decrypt(sealed).decode()
