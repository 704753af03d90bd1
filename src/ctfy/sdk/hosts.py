"""The servers that a person is signed in to, kept in one file that only they can read.

`ctfy login` writes it; `PlatformClient.from_login` and every command read it.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ValidationError

from ctfy.sdk.errors import CtfyError

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


def path() -> Path:
    """The file: in CTFY_CONFIG_DIR (or CTFY_CONFIG_HOME), else where the system keeps such."""
    folder = _set("CTFY_CONFIG_DIR", "CTFY_CONFIG_HOME") or platformdirs.user_config_dir("ctfy")
    return Path(folder) / "hosts.json"


def load() -> Hosts:
    """What is kept; nothing at first. Raises CtfyError when the file cannot be read."""
    try:
        return Hosts.model_validate_json(path().read_bytes())
    except FileNotFoundError:
        return Hosts()
    except (ValidationError, OSError) as error:
        what = "is damaged" if isinstance(error, ValidationError) else error.strerror
        raise CtfyError(f"{path()} {what}: remove it and sign in again") from error


def save(hosts: Hosts) -> None:
    """Replace the file in one step; only its owner can read it. Raises CtfyError."""
    target = path()
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes it 0600, so the tokens are never readable by others.
        handle, name = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "w") as file:
            json.dump(hosts.model_dump(), file, indent=2)
        os.replace(name, target)
    except OSError as error:
        words = f"{target}: {error.strerror}: set CTFY_CONFIG_DIR to a folder you can write"
        raise CtfyError(words) from error


def server_url() -> str:
    """The server: CTFY_URL (or CTFY_PLATFORM_URL), else the one of the last sign-in, else here."""
    given = _set("CTFY_URL", "CTFY_PLATFORM_URL")
    return (given or load().current or DEFAULT_URL).rstrip("/")


def _set(*names: str) -> str:
    """The first of some environment variables that is set; the later ones are older names."""
    return next((value for name in names if (value := os.environ.get(name))), "")


def token(url: str) -> str:
    """The caller's token there: CTFY_TOKEN, else the saved one; empty when signed out."""
    if given := os.environ.get("CTFY_TOKEN"):
        return given
    saved = load().hosts.get(url.rstrip("/"))
    return saved.token if saved else ""
