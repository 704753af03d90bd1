"""GZCTF's game package, of its game's Export: a zip of JSON documents, and `files/` by SHA-256.

`manifest.json` says what it is, `game.json` the game, `challenges/challenge-<id>.json` a challenge
each (GZCTF 1.7.1 and newer, https://github.com/GZTimeWalker/GZCTF, `Models/Transfer`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ctfy.challenge.folders import printable
from ctfy.server.moving import zips
from ctfy.server.moving.source import ExportRefused, VersionUnknown, cleaned

FORMAT, VERSION = "GZCTF-GAME", "1.0"
_CHALLENGE = re.compile(r"challenges/challenge-[^/]*\.json")
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Type = Literal["StaticAttachment", "StaticContainer", "DynamicAttachment", "DynamicContainer"]
Read = TypeVar("Read", bound="Document")


class Document(BaseModel):
    """A part of a package. Fields that are not known here are kept, to be named."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    @property
    def unknown(self) -> list[str]:
        """The fields that have a value and are not known here."""
        given = self.model_extra or {}
        return [
            printable(name)[:80] for name, value in given.items() if value not in (None, [], {})
        ]


class Statistics(Document):
    """How much a package says that it holds."""

    challenge_count: Count
    total_files: Count


class Manifest(Document):
    """`manifest.json`."""

    version: str
    format: str
    exporter_version: str = ""
    statistics: Statistics


class BloodBonus(Document):
    """What the first three solvers get more, in thousandths of the value."""

    first: Count = 0
    second: Count = 0
    third: Count = 0


class Writeup(Document):
    """Whether writeups are asked for."""

    required: bool = False


class ChallengeConfig(Document):
    """What a division may do with one challenge."""

    challenge_id: int


class Division(Document):
    """A division of teams."""

    name: Annotated[str, Field(min_length=1)]
    invite_code: str | None = None
    default_permissions: list[str] = []
    challenge_config: list[ChallengeConfig] = []


class Game(Document):
    """`game.json`."""

    title: Annotated[str, Field(min_length=1)]
    summary: str = ""
    content: str = ""
    hidden: bool = False
    practice_mode: bool = False
    accept_without_review: bool = False
    invite_code: str | None = None
    team_member_count_limit: Count = 0
    container_count_limit: Count = 0
    start_time: datetime
    end_time: datetime
    writeup: Writeup | None = None
    blood_bonus: BloodBonus | None = None
    poster_hash: str | None = None
    divisions: list[Division] = []


class Scoring(Document):
    """The value: `original` for the first, falling to `min_rate` of it."""

    original: Annotated[int, Field(ge=0, le=1_000_000)]
    min_rate: Annotated[float, Field(ge=0, le=1)]
    difficulty: Annotated[float, Field(ge=0, le=1_000_000)]


class Limits(Document):
    """How many submissions a team has, and until when."""

    submission: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    deadline: datetime | None = None


class Attachment(Document):
    """A file of the package, or one that lies elsewhere."""

    type: Literal["None", "Local", "Remote"]
    hash: str | None = None
    file_name: str | None = None
    file_size: Count | None = None
    remote_url: str | None = None


class StaticFlag(Document):
    """A flag, and the file that goes with it."""

    value: str
    attachment: Attachment | None = None


class Flags(Document):
    """What is right: `template` of the flags that each team has its own of, or `static` ones."""

    disable_blood_bonus: bool = False
    enable_traffic_capture: bool = False
    template: str | None = None
    static: list[StaticFlag] | None = None


class Container(Document):
    """What a team gets one of. Memory and storage in MB, `cpu_count` in tenths of a processor."""

    image: str
    memory_limit: Count = 64
    cpu_count: Count = 1
    storage_limit: Count = 256
    expose_port: Annotated[int, Field(ge=1, le=65535)] = 80
    network_mode: Literal["Open", "Isolated", "Custom"] | None = None
    file_name: str | None = None


class Challenge(Document):
    """A challenge's own document."""

    id: int
    title: Annotated[str, Field(min_length=1)]
    content: str = ""
    category: str = "Misc"
    type: Type
    enabled: bool = False
    scoring: Scoring
    limits: Limits = Limits()
    flags: Flags = Flags()
    attachment: Attachment | None = None
    hints: list[str] | None = None
    container: Container | None = None


class Package:
    """What a package holds, its documents read."""

    def __init__(self, archive: zips.Archive, *, any_version: bool) -> None:
        self._archive = archive
        self.manifest = self._read("manifest.json", Manifest)
        if self.manifest.format != FORMAT:
            shown = printable(self.manifest.format)[:64]
            raise ExportRefused(f"it is a package of the format {shown}, not a game of GZCTF")
        if self.manifest.version != VERSION and not any_version:
            shown = printable(self.manifest.version)[:64]
            raise VersionUnknown(f"its format has version {shown}, and {VERSION} is known")
        self.game = self._read("game.json", Game)
        names = [name for name in archive.names if _CHALLENGE.fullmatch(name)]
        challenges = [self._read(name, Challenge) for name in names]
        self.challenges = sorted(challenges, key=lambda challenge: challenge.id)
        if len({challenge.id for challenge in challenges}) < len(challenges):
            raise ExportRefused("two of its challenges have the same id")
        said = self.manifest.statistics
        files = sum(name.startswith("files/") for name in archive.names)
        for what, count, found in (
            ("challenges", said.challenge_count, len(challenges)),
            ("files", said.total_files, files),
        ):
            if count != found:
                raise ExportRefused(f"manifest.json says {count} {what}, and {found} are in it")

    def extract(self, hash_: str, goal: Path) -> bool:
        """Write a file to `goal`; whether there is one. Raises ExportRefused."""
        if not self._archive.extract(f"files/{hash_}", goal):
            return False
        with goal.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != hash_.lower():
                raise ExportRefused(f"files/{printable(hash_)} is another file than its name says")
        return True

    def _read(self, name: str, kind: type[Read]) -> Read:
        if name not in self._archive.names:
            raise ExportRefused(f"{name} is not in it: this is no game package of GZCTF")
        document = cleaned(self._archive.document(name), name)
        try:
            return kind.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            at = ".".join(map(str, first["loc"]))
            reason = printable(f"{name}: {at}: {first['msg']}".replace(": : ", ": "))
            raise ExportRefused(f"{reason[:300]}") from None


@contextmanager
def opened(path: Path, *, any_version: bool) -> Iterator[Package]:
    """A package, its documents read and checked. Raises ExportRefused."""
    with zips.opened(path) as archive:
        yield Package(archive, any_version=any_version)
