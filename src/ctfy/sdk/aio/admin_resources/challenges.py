# Written by tools/async_sdk.py from ctfy/sdk/admin_resources/challenges.py.
# Change that file, then run the tool.
"""`admin.challenges`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from ctfy.sdk.aio.base import AsyncBaseHttpClient
from ctfy.server.models.audits import ChallengeFinding
from ctfy.server.models.base import ListOf
from ctfy.server.models.builds import ChallengeBuildStateResponse, ChallengePullStateResponse
from ctfy.server.models.challenges import AdminFeedbackRow, QuestionAttemptResetInfo
from ctfy.server.models.competitions import TestPlay
from ctfy.server.models.observability import (
    AdminChallengeLatencyBucket,
    AdminChallengeStatsRow,
    AdminChallengeTimeseries,
)
from ctfy.server.models.tasks import AdminTaskInfo
from ctfy.server.models.versions import (
    ChallengeDiff,
    ChallengeFiles,
    ChallengeSource,
    ChallengeVersion,
    ForeignImport,
    PushedChallenge,
    StoredChallenge,
)


class AdminChallengesResource:
    """Challenges across the fleet, and how they do."""

    def __init__(self, http: AsyncBaseHttpClient) -> None:
        self._http = http

    async def rescan(self) -> AdminTaskInfo:
        """Have every server and node look at its challenges folder again."""
        return await self._http.fetch(AdminTaskInfo, "POST", "/admin/challenges/rescan")

    async def audit(self, challenge_id: str = "") -> list[ChallengeFinding]:
        """What is wrong with the challenges folder as it is now, or with one challenge's."""
        path = "/admin/challenges/audit"
        return await self._http.fetch_page(
            ChallengeFinding, path, limit=500, challenge_id=challenge_id
        )

    async def stored(self, offset: int = 0, limit: int = 500) -> list[StoredChallenge]:
        """The challenges of the platform with their current versions."""
        path = "/admin/challenges"
        return await self._http.fetch_page(StoredChallenge, path, offset=offset, limit=limit)

    async def push(
        self, archive: bytes | BinaryIO, *, challenge_id: str = "", bucket: str = ""
    ) -> PushedChallenge:
        """Make the challenge in an archive (tar, tar.gz, zip) the current version of it.

        `challenge_id`: left out, it is the name of the archive's one folder.
        """
        return await self._http.fetch(
            PushedChallenge,
            "POST",
            "/admin/challenges",
            params={"challenge_id": challenge_id, "bucket": bucket},
            content=archive if isinstance(archive, bytes) else archive.read(),
            headers={"Content-Type": "application/octet-stream"},
            timeout=600,
        )

    async def import_(
        self,
        archive: bytes | BinaryIO,
        *,
        format: str = "",
        difficulty: str = "medium",
        dry_run: bool = True,
        force: bool = False,
    ) -> ForeignImport:
        """Take in the challenges of another format in an archive; first see what becomes of them.

        `format`: ctfcli, rctf, kctf, xbow; left out, it is found out. `difficulty`: of those that
        name none. `force`: take theirs where a file was changed here, too.
        """
        return await self._http.fetch(
            ForeignImport,
            "POST",
            "/admin/challenges/import",
            params={"format": format, "difficulty": difficulty, "dry_run": dry_run, "force": force},
            content=archive if isinstance(archive, bytes) else archive.read(),
            headers={"Content-Type": "application/octet-stream"},
            timeout=900,
        )

    async def versions(
        self, challenge_id: str, offset: int = 0, limit: int = 500
    ) -> list[ChallengeVersion]:
        """The versions of a challenge, newest first."""
        path = f"/admin/challenges/{challenge_id}/versions"
        return await self._http.fetch_page(ChallengeVersion, path, offset=offset, limit=limit)

    async def diff(self, challenge_id: str, version: int, base: int = 0) -> ChallengeDiff:
        """What a version has that `base` has not; 0: the version before it."""
        path = f"/admin/challenges/{challenge_id}/versions/{version}/diff"
        return await self._http.fetch(ChallengeDiff, "GET", path, params={"base": base})

    async def download_version(self, challenge_id: str, version: int) -> bytes:
        """A version as tar.gz."""
        path = f"/admin/challenges/{challenge_id}/versions/{version}/archive"
        return (await self._http.call("GET", path, timeout=600)).content

    async def rollback(self, challenge_id: str, version: int) -> ChallengeVersion:
        """Make a version the current one. Running instances keep theirs."""
        path = f"/admin/challenges/{challenge_id}/rollback"
        return await self._http.fetch(ChallengeVersion, "POST", path, json={"version": version})

    async def files(self, challenge_id: str, version: int = 0) -> ChallengeFiles:
        """What a challenge holds: its files, and what metadata.yaml says. 0: the current version.

        The `version` of what comes back is the `base` of a change to it.
        """
        path = f"/admin/challenges/{challenge_id}/files"
        return await self._http.fetch(ChallengeFiles, "GET", path, params={"version": version})

    async def read_file(self, challenge_id: str, path: str, version: int = 0) -> bytes:
        """A file of a challenge, named as `attachments/a.zip`. 0: of the current version."""
        params = {"path": path, "version": version}
        url = f"/admin/challenges/{challenge_id}/files/content"
        return (await self._http.call("GET", url, params=params, timeout=600)).content

    async def write_file(
        self,
        challenge_id: str,
        path: str,
        content: bytes | BinaryIO,
        *,
        base: int,
        executable: bool | None = None,
    ) -> PushedChallenge:
        """Put a file into a challenge, which makes a version of the current one, `base`.

        `executable`: None leaves that as it was. Raises ConflictError where another is current.
        """
        params = {"path": path, "base": base, "executable": executable}
        return await self._http.fetch(
            PushedChallenge,
            "PUT",
            f"/admin/challenges/{challenge_id}/files/content",
            params={name: value for name, value in params.items() if value is not None},
            content=content if isinstance(content, bytes) else content.read(),
            headers={"Content-Type": "application/octet-stream"},
            timeout=600,
        )

    async def write_files(
        self, challenge_id: str, archive: bytes | BinaryIO, *, base: int
    ) -> PushedChallenge:
        """Put every file of an archive (tar, tar.gz, zip) into a challenge, by its name there."""
        return await self._http.fetch(
            PushedChallenge,
            "POST",
            f"/admin/challenges/{challenge_id}/files",
            params={"base": base},
            content=archive if isinstance(archive, bytes) else archive.read(),
            headers={"Content-Type": "application/octet-stream"},
            timeout=600,
        )

    async def delete_file(self, challenge_id: str, path: str, *, base: int) -> PushedChallenge:
        """Take a file out of a challenge, which makes a version of the current one, `base`."""
        url = f"/admin/challenges/{challenge_id}/files/content"
        return await self._http.fetch(
            PushedChallenge, "DELETE", url, params={"path": path, "base": base}
        )

    async def set_metadata(
        self, challenge_id: str, metadata: Mapping[str, Any], *, base: int
    ) -> PushedChallenge:
        """Have metadata.yaml say this, which makes a version of the current one, `base`.

        0: of a new challenge, which is only asked, without a service.
        """
        path = f"/admin/challenges/{challenge_id}/metadata"
        body = {"base": base, "metadata": metadata}
        return await self._http.fetch(PushedChallenge, "PUT", path, json=body)

    async def make_example(
        self,
        challenge_id: str,
        name: str,
        category: str,
        *,
        difficulty: str = "easy",
        tags: Sequence[str] = (),
    ) -> PushedChallenge:
        """Make a challenge whose service runs and can be solved at once, to change from there."""
        path = f"/admin/challenges/{challenge_id}/example"
        body = {"name": name, "category": category, "difficulty": difficulty, "tags": [*tags]}
        return await self._http.fetch(PushedChallenge, "POST", path, json=body)

    async def test_play(self, challenge_id: str) -> TestPlay:
        """Begin to play a challenge as players do, where nobody sees it and nothing counts.

        Start an instance in its `competition_id`; each call begins anew, and ends the one before.
        """
        path = f"/admin/challenges/{challenge_id}/test-play"
        return await self._http.fetch(TestPlay, "POST", path)

    async def remove(self, challenge_id: str) -> None:
        """Take a pushed challenge off the platform; a rollback brings it back."""
        await self._http.call("DELETE", f"/admin/challenges/{challenge_id}")

    async def sources(self, offset: int = 0, limit: int = 500) -> list[ChallengeSource]:
        """The git repositories whose commits become versions."""
        path = "/admin/challenge-sources"
        return await self._http.fetch_page(ChallengeSource, path, offset=offset, limit=limit)

    async def add_source(
        self, url: str, *, branch: str = "main", folder: str = ""
    ) -> ChallengeSource:
        """Have the commits of a repository become versions; it is looked at every minute."""
        body = {"url": url, "branch": branch, "folder": folder}
        return await self._http.fetch(
            ChallengeSource, "POST", "/admin/challenge-sources", json=body
        )

    async def remove_source(self, source_id: str) -> None:
        """Look at a repository no more; what came from it stays."""
        await self._http.call("DELETE", f"/admin/challenge-sources/{source_id}")

    async def pull_source(self, source_id: str) -> AdminTaskInfo:
        """Look at a repository now."""
        return await self._http.fetch(
            AdminTaskInfo, "POST", f"/admin/challenge-sources/{source_id}/pull"
        )

    async def build(self, challenge_id: str) -> AdminTaskInfo:
        """Build a challenge on every node."""
        return await self._http.fetch(
            AdminTaskInfo, "POST", f"/admin/challenges/{challenge_id}/build"
        )

    async def build_all(self, *, competition_id: str = "") -> AdminTaskInfo:
        """Build every challenge, or those of one competition, on every node."""
        params = {"competition_id": competition_id}
        path = "/admin/challenges/build-all"
        return await self._http.fetch(AdminTaskInfo, "POST", path, params=params)

    async def build_state(self) -> ChallengeBuildStateResponse:
        """What is built, challenge by challenge and node by node."""
        path = "/admin/challenges/build-state"
        return await self._http.fetch(ChallengeBuildStateResponse, "GET", path)

    async def pull(self, challenge_id: str) -> AdminTaskInfo:
        """Pull a challenge's images on every node."""
        return await self._http.fetch(
            AdminTaskInfo, "POST", f"/admin/challenges/{challenge_id}/pull"
        )

    async def pull_all(self, *, competition_id: str = "") -> AdminTaskInfo:
        """Pull every image, or those of one competition, on every node."""
        params = {"competition_id": competition_id}
        path = "/admin/challenges/pull-all"
        return await self._http.fetch(AdminTaskInfo, "POST", path, params=params)

    async def pull_state(self) -> ChallengePullStateResponse:
        """What is pulled, challenge by challenge and node by node."""
        path = "/admin/challenges/pull-state"
        return await self._http.fetch(ChallengePullStateResponse, "GET", path)

    async def stats(
        self,
        offset: int = 0,
        limit: int = 50,
        *,
        q: str = "",
        tag: str = "",
        sort: str = "",
        competition_id: str = "",
    ) -> list[AdminChallengeStatsRow]:
        """How every challenge does. `sort`: a column, with `-` in front descending."""
        return await self._http.fetch_page(
            AdminChallengeStatsRow,
            "/admin/challenges/stats",
            offset=offset,
            limit=limit,
            q=q,
            tag=tag,
            sort=sort,
            competition_id=competition_id,
        )

    async def timeseries(
        self, challenge_id: str, *, window: int = 86400, bucket: int = 3600
    ) -> AdminChallengeTimeseries:
        """A challenge's launches over time; both in seconds."""
        path = f"/admin/challenges/{challenge_id}/timeseries"
        params = {"window": window, "bucket": bucket}
        return await self._http.fetch(AdminChallengeTimeseries, "GET", path, params=params)

    async def latency_histogram(self) -> list[AdminChallengeLatencyBucket]:
        """How long launches take."""
        path = "/admin/challenges/latency-histogram"
        return (await self._http.fetch(ListOf[AdminChallengeLatencyBucket], "GET", path)).root

    async def feedback(
        self, challenge_id: str, *, competition_id: str = ""
    ) -> list[AdminFeedbackRow]:
        """Who said what of a challenge, newest first."""
        path = f"/admin/challenges/{challenge_id}/feedback"
        return await self._http.fetch_page(AdminFeedbackRow, path, competition_id=competition_id)

    async def reset_question_attempts(
        self, team_id: str, challenge_id: str, question_id: str, *, reason: str = ""
    ) -> QuestionAttemptResetInfo:
        """Forget a team's wrong answers to a question."""
        path = f"/admin/teams/{team_id}/questions/{challenge_id}/{question_id}/reset-attempts"
        return await self._http.fetch(
            QuestionAttemptResetInfo, "POST", path, json={"reason": reason}
        )
