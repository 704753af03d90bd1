"""What rCTF's `conf.d` says of the competition; nothing else of it is read, least of all its keys.

https://github.com/redpwn/rctf/blob/master/docs/content/configuration.md
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from ctfy.challenge.documents import DocumentRefused, read_document
from ctfy.challenge.folders import printable
from ctfy.server.moving.source import ExportRefused, cleaned

_ENDINGS = (".yaml", ".yml", ".json")


class _Of(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class Meta(_Of):
    """How the competition is described to others."""

    description: str = ""


class Config(_Of):
    """The fields that are read. Moments are in milliseconds since 1970."""

    ctf_name: str = ""
    meta: Meta = Meta()
    start_time: int | None = None
    end_time: int | None = None
    divisions: dict[str, str] = {}


def read(path: Path | None) -> Config:
    """A file, or a folder of them, of which the later in the alphabet are before the earlier.

    Raises ExportRefused.
    """
    if path is None:
        return Config()
    found: dict[str, Any] = {}
    for file in _files(path):
        try:
            document = read_document(file.parent, file.name).content
        except DocumentRefused as error:
            raise ExportRefused(f"{printable(file.name)}: {error}") from None
        if not isinstance(document, dict):
            raise ExportRefused(f"{printable(file.name)} is no configuration of rCTF's")
        for name, value in cleaned(document, printable(file.name)).items():
            is_merged = isinstance(value, dict) and isinstance(found.get(name), dict)
            found[name] = {**found[name], **value} if is_merged else value
    try:
        return Config.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise ExportRefused(printable(f"the configuration: {at}: {first['msg']}")[:300]) from None


def moment(milliseconds: int | None, name: str) -> datetime | None:
    """A moment of the configuration. Raises ExportRefused."""
    try:
        return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise ExportRefused(f"the configuration: {name}: {milliseconds} is no moment") from None


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise ExportRefused(f"there is no {printable(str(path))}")
    if not path.is_dir():
        return [path]
    if found := sorted(file for file in path.iterdir() if file.name.endswith(_ENDINGS)):
        return found
    raise ExportRefused(f"{printable(str(path))} holds no YAML or JSON")
