"""Passwords of a file while they wait to be hashed: encrypted, under the platform's secret."""

from __future__ import annotations

from ctfy.server.access.secrets import Seal, Secret


def seal_of(secret: Secret, import_id: str) -> Seal:
    """What encrypts and decrypts the passwords of one import."""
    return Seal(secret, f"people-import|{import_id}")
