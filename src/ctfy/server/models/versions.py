"""Versions of challenges: `admin.challenges`, and what nodes fetch."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from ctfy.core.enums import ChallengeCategory
from ctfy.server.models.audits import ChallengeFinding
from ctfy.server.models.base import Request, Response, Unbelieved


class StoredChallenge(Response):
    """A challenge of the platform, and its current version. `versions`: how many there are.

    `source`: where the current one came from.
    """

    id: str
    version: int
    digest: str
    source: Literal["folder", "push", "git"]
    versions: int
    changed_at: datetime


class ChallengeVersion(Response):
    """A version of a challenge. `archive_bytes`: none while its archive is being written.

    `origin`: `folder`, `push`, or `git` and the commit. `created_by`: who pushed it.
    """

    challenge_id: str
    version: Annotated[int, Field(description="From 1")]
    digest: Annotated[str, Field(description="SHA-256 of what the folder holds")]
    bucket: str
    origin: str
    archive_bytes: int | None
    created_at: datetime
    created_by: str | None
    is_current: bool


class PushedChallenge(ChallengeVersion):
    """A version that was pushed; `findings`: the audit's warnings."""

    findings: list[ChallengeFinding] = []


class ForeignField(Response):
    """What becomes of one field, service or file of a challenge; `why` unless it is carried."""

    field: str
    became: Literal["carried", "changed", "dropped"]
    why: str = ""


class ForeignChallenge(Response):
    """What becomes of a challenge of another format. With `findings` it is not brought in.

    `source`: its file in the collection. `state`: since it was imported before. `complete`: with
    every file that players get. `version`: what it became; 0: nothing yet.
    """

    id: str
    title: str = ""
    source: str = ""
    state: Literal["new", "updated", "unchanged", "refused"]
    complete: bool = False
    fields: list[ForeignField] = []
    findings: list[str] = []
    version: int = 0


class ForeignImport(Response):
    """What becomes of a collection's challenges, or would with `dry_run`."""

    format: str
    dry_run: bool
    challenges: list[ForeignChallenge] = []


class FileChange(Response):
    """How a file differs. `diff`: unified, empty for what is no text or too long."""

    path: str
    change: Literal["added", "removed", "changed"]
    diff: str


class ChallengeDiff(Response):
    """What a version has that another, `base`, has not."""

    challenge_id: str
    base: int
    version: int
    files: list[FileChange]


class ChallengeFile(Response):
    """A file of a challenge. `size` in bytes."""

    path: str
    size: int
    executable: bool


class ChallengeFiles(Response):
    """What a version of a challenge holds. `metadata`: what its metadata.yaml says.

    `version` is what an edit names as its `base`.
    """

    challenge_id: str
    version: int
    is_current: bool
    metadata: dict[str, Any]
    files: list[ChallengeFile]


class ChallengeMetadataRequest(Request):
    """What `metadata.yaml` is to say. `base`: the version that was edited; 0: a new challenge."""

    base: Annotated[int, Field(ge=0, le=2**31 - 1)]
    metadata: dict[str, Any]


class NewChallengeRequest(Request):
    """A new challenge that runs and can be solved at once, to be made into one's own."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    category: ChallengeCategory
    difficulty: Literal["easy", "medium", "hard"]
    tags: Annotated[list[str], Field(max_length=20)] = []


class VersionChoice(Request):
    """The version that is to be the current one."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


def _without_password(url: str) -> str:
    """Raises ValueError where a URL has a password or token, which would be shown with it."""
    parts = urlsplit(url)
    named = parts.scheme in ("http", "https") and (parts.username is not None or parts.query)
    if parts.password is not None or named:
        raise ValueError("leave the secret out: git on the server may have it, or an SSH key")
    return url


class ChallengeSourceRequest(Request):
    """A git repository whose commits become versions. `folder`: where in it challenges lie."""

    url: Annotated[
        str,
        Field(pattern=r"^(https?|ssh|git)://[^\s\x00-\x1f]+$", max_length=1024),
        AfterValidator(_without_password),
    ]
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")] = "main"
    folder: Annotated[str, Field(pattern=r"^([^/\x00-\x1f][^\x00-\x1f]*)?$", max_length=512)] = ""


class ChallengeSource(Response):
    """A git repository, and how its last look went. `error`: empty where all was taken."""

    id: str
    url: str
    branch: str
    folder: str
    commit: str
    challenges: int
    error: str
    checked_at: datetime | None
    created_at: datetime


class NodeChallenge(Response):
    """A challenge in the version that nodes run."""

    id: str
    digest: str
    bucket: str = ""


class NodeChallenges(Response):
    """Every challenge of the platform, for its nodes."""

    challenges: Unbelieved[NodeChallenge]
