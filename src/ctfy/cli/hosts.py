"""The servers that a person is signed in to, kept in one file that only they can read."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ValidationError

from ctfy.cli.output import fail

DEFAULT_URL = "http://127.0.0.1:8100"


class Host(BaseModel):
    """A server, and as whom."""

    token: str = ""
    email: str = ""
    display_name: str = ""
    asked_version_at: float = 0.0  # Unix seconds


class Hosts(BaseModel):
    """Every server by its URL, and which one is meant when none is named."""

    current: str = ""
    hosts: dict[str, Host] = {}

    def find(self, named: str) -> str:
        """The URL that a name stands for: the URL itself, or a part that only one of them has."""
        wanted = named.rstrip("/")
        if wanted in self.hosts or "://" in wanted:
            return wanted
        matching = [url for url in self.hosts if wanted in url]
        if len(matching) != 1:
            known = ", ".join(self.hosts) or "none"
            fail(f"no server {named!r}", hint=f"signed in to: {known}", code=2)
        return matching[0]


def path() -> Path:
    """The file: in CTFY_CONFIG_DIR, else where the system keeps such things."""
    folder = os.environ.get("CTFY_CONFIG_DIR") or platformdirs.user_config_dir("ctfy")
    return Path(folder) / "hosts.json"


def load() -> Hosts:
    """What is kept; nothing at first."""
    try:
        return Hosts.model_validate_json(path().read_bytes())
    except FileNotFoundError:
        return Hosts()
    except (ValidationError, OSError) as error:
        what = "is damaged" if isinstance(error, ValidationError) else error.strerror
        fail(f"{path()} {what}", hint="remove it and sign in again")


def save(hosts: Hosts) -> None:
    """Replace the file in one step; only its owner can read it."""
    target = path()
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes it 0600, so the tokens are never readable by others.
        handle, name = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "w") as file:
            json.dump(hosts.model_dump(), file, indent=2)
        os.replace(name, target)
    except OSError as error:
        fail(f"{target}: {error.strerror}", hint="set CTFY_CONFIG_DIR to a folder you can write")
