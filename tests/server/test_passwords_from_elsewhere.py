"""People who came from elsewhere sign in with the password that they had there."""

from __future__ import annotations

import asyncio
import uuid

import psycopg
import pytest

from ctfy.sdk import PlatformClient
from ctfy.server.access.secrets import check_password_hash, is_password_hash
from tests.conftest import Arena
from tests.refusals import refusal

# Made by passlib 1.7.4, whose format it is: versions 2 and 1, long and not ASCII, and of old.
HASHES = {
    "correct horse": (
        "$bcrypt-sha256$v=2,t=2b,r=4$MPvViXEn8sitRfNlZEI7mu$rJGrLW3KzfISuf1W3UqygADjR0w8gXO",
        "$bcrypt-sha256$2b,4$0bcWUlpIuZAa4tkHwmkYDO$AdVvJ0v0dANqkjjhMW9wcbuwHm.s3E6",
    ),
    "p\u00e4ssw\u00f6rd" * 20: (
        "$bcrypt-sha256$v=2,t=2b,r=4$lHJZqduqT42cUPde4cZ60e$171RvDH3WcY95RXRbvFRRUEedG1UkBe",
    ),
    "old one": ("$bcrypt-sha256$2a,4$vSP/6bixwQHjzGN81e/Zbu$epmk.NX4aE81KbG4U2uwgXBX22.bzfi",),
}
each = pytest.mark.parametrize(
    ("password", "stored"), [(p, hash_) for p, hashes in HASHES.items() for hash_ in hashes]
)


@each
def test_a_hash_of_ctfd_is_verified_and_renewed(password: str, stored: str) -> None:
    right = asyncio.run(check_password_hash(password, stored))
    assert right.is_right
    assert (right.renewed_hash or "").startswith("$argon2id$")
    wrong = asyncio.run(check_password_hash(password + "x", stored))
    assert (wrong.is_right, wrong.renewed_hash) == (False, None)


@pytest.mark.parametrize(
    "stored",
    [
        HASHES["correct horse"][0].replace("r=4", "r=31"),
        HASHES["correct horse"][1].replace("2b,4", "2b,15"),
        HASHES["correct horse"][0][:-1],
        "pbkdf2:sha256:1$x$y",
        "",
    ],
)
def test_other_hashes_and_such_that_would_take_for_ever_are_none(stored: str) -> None:
    assert not is_password_hash(stored)


def test_after_the_sign_in_the_hash_is_ours(arena: Arena, database_url: str) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    PlatformClient(arena.url).auth.register(email, "some-long-password", "Ada")
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute(
            "UPDATE users SET password_hash = %s WHERE email = %s",
            (HASHES["correct horse"][0], email),
        )
        assert refusal(PlatformClient(arena.url).auth.login, email, "wrong").code == (
            "invalid_credentials"
        )
        assert PlatformClient(arena.url).auth.login(email, "correct horse").token
        (stored,) = database.execute(
            "SELECT password_hash FROM users WHERE email = %s", (email,)
        ).fetchone() or ("",)
        assert stored.startswith("$argon2id$")
        assert PlatformClient(arena.url).auth.login(email, "correct horse").token
