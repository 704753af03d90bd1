"""Challenges live in the platform: pushed, fetched by nodes, and rolled back by one call."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ctfy.challenge.archive import pack
from ctfy.sdk import CtfyApiError, PlatformClient, ValidationError
from ctfy.sdk.errors import ConflictError
from ctfy.sdk.node import TypedNodeClient
from ctfy.server.models.instances import InstanceInfo
from tests.conftest import ADMIN_EMAIL, Arena, lone_server, mint_invite, sign_in
from tests.processes import PATIENCE_S, Process, free_port, wait_for

pytestmark = pytest.mark.xdist_group("versions")

METADATA = """\
name: {name}
description: Says its version.
difficulty: easy
tags: [t]
sandbox: {{run: [python3, -u, services/web/app.py], port: 8000, protocol: http}}
questions:
  - {{id: q, prompt: Which?, answer: "{answer}"}}
"""
APP = """\
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{says}")
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


def made(folder: Path, name: str, says: str, **files: str) -> Path:
    root = folder / name
    root.mkdir(parents=True, exist_ok=True)
    (root / "metadata.yaml").write_text(METADATA.format(name=name, answer=says))
    (root / "services" / "web").mkdir(parents=True, exist_ok=True)
    (root / "services" / "web" / "app.py").write_text(APP.format(says=says))
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    pack(folder, buffer)
    return buffer.getvalue()


def said(instance: InstanceInfo) -> str:
    assert instance.surface is not None
    return httpx.get(instance.surface.services[0].url, timeout=PATIENCE_S).text


@dataclass
class Platform:
    """A server whose folder holds one challenge, and nodes without any folder."""

    arena: Arena
    folder: Path
    nodes: list[Process]

    @property
    def admin(self) -> PlatformClient:
        return self.arena.admin

    def node(self) -> Process:
        """One more node; returns when the platform knows it."""
        before = len(self.admin.nodes.list())
        home = self.folder / f"node-{len(self.nodes)}"
        home.mkdir()
        arguments = ["node", "join", self.arena.url, "--provider", "sandbox", "--capacity", "300"]
        arguments += ["--data-dir", str(home / "data"), "--port", str(free_port())]
        environment = {
            "CTFY_CHALLENGES_DIR": "challenges",  # which is not there
            "CTFY_NODE_TOKEN": mint_invite(self.arena.url),
            "CTFY_NODE_HEARTBEAT_S": "1",
        }
        process = Process(arguments, environment, home / "log", cwd=home)
        process.start()
        self.nodes.append(process)
        wait_for("the node", lambda: len(self.admin.nodes.list()) > before)
        return process

    def push(self, folder: Path) -> int:
        return self.admin.admin.challenges.push(packed(folder)).version

    def started(self, player: PlatformClient, challenge: str, competition: str) -> InstanceInfo:
        return player.instances.start(
            challenge, competition_id=competition, timeout=int(PATIENCE_S)
        )


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("versions")
    challenges = folder / "challenges"
    made(challenges, "from-folder", "folder 1")
    settings = {
        "CTFY_CHALLENGES_DIR": str(challenges),
        "CTFY_PLACEMENT_MAX_LOAD": "100",
        "CTFY_MAX_INSTANCES_PER_TEAM": "300",
    }
    nodes: list[Process] = []
    with lone_server(folder, **settings) as url, sign_in(url, ADMIN_EMAIL) as admin:
        there = Platform(Arena(url, admin), folder, nodes)
        there.node()
        there.node()
        try:
            yield there
        finally:
            for node in nodes:
                if node.popen is not None and node.popen.poll() is None:
                    node.stop()


def _bearer(client: PlatformClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}"}


def fresh() -> str:
    return f"c-{uuid.uuid4().hex[:8]}"


def test_a_node_promises_instances_as_much_as_its_places_take(platform: Platform) -> None:
    nodes = platform.admin.nodes.list()
    assert {(n.capacity, n.memory_mb, n.cpus) for n in nodes} == {(300, 300 * 512, 300.0)}


def test_what_was_pushed_a_second_ago_runs_on_nodes_without_a_folder(
    platform: Platform, tmp_path: Path
) -> None:
    name = fresh()
    platform.push(made(tmp_path, name, "pushed"))
    competition = platform.arena.competition(name, "from-folder")
    nodes = platform.admin.nodes.list()
    assert len(nodes) == 2
    for wanted, other in (nodes, nodes[::-1]):
        player = platform.arena.registered(competition)
        platform.admin.admin.nodes.drain(other.id)
        try:
            instance = platform.started(player, name, competition.id)
            of_folder = platform.started(player, "from-folder", competition.id)
        finally:
            platform.admin.admin.nodes.patch(other.id, draining=False)
        assert (said(instance), said(of_folder)) == ("pushed", "folder 1")
        assert platform.admin.admin.instances.get(instance.id).node_id == wanted.id
        assert player.submissions.submit(instance.id, "pushed").correct
        for one in (instance, of_folder):
            player.instances.stop(one.id)


@contextmanager
def newcomer(platform: Platform) -> Iterator[None]:
    """A node that joins now, and runs all that is started meanwhile."""
    nodes, others = platform.admin.admin.nodes, platform.admin.nodes.list()
    node = platform.node()
    for other in others:
        nodes.drain(other.id)
    try:
        yield
    finally:
        for other in others:
            nodes.patch(other.id, draining=False)
        node.stop()
        known = {other.id for other in others}
        for gone in platform.admin.nodes.list():
            if gone.id not in known:
                nodes.remove(gone.id)


def test_a_node_that_joins_later_fetches_what_was_pushed_before(
    platform: Platform, tmp_path: Path
) -> None:
    name = fresh()
    platform.push(made(tmp_path, name, "early"))
    competition = platform.arena.competition(name)
    player = platform.arena.registered(competition)
    with newcomer(platform):
        instance = platform.started(player, name, competition.id)
        assert said(instance) == "early"
        player.instances.stop(instance.id)


def test_a_node_that_reaches_no_platform_serves_what_it_has(tmp_path: Path) -> None:
    nodes: list[Process] = []
    challenges = tmp_path / "challenges"
    challenges.mkdir()
    try:
        with (
            lone_server(tmp_path, CTFY_CHALLENGES_DIR=str(challenges)) as url,
            sign_in(url, ADMIN_EMAIL) as admin,
        ):
            platform = Platform(Arena(url, admin), tmp_path, nodes)
            platform.node()
            had, lacked = fresh(), fresh()
            platform.push(made(tmp_path / "made", had, "kept"))
            competition = platform.arena.competition(had)
            running = platform.started(platform.arena.registered(competition), had, competition.id)
            digest = admin.admin.challenges.versions(had)[0].digest
            node_url = admin.nodes.list()[0].url
        token = json.loads((tmp_path / "node-0" / "data" / "node.json").read_text())["token"]
        with TypedNodeClient(node_url, token) as node:
            assert said(running) == "kept"
            for name, version in ((had, digest), (lacked, "f" * 64)):
                node.start_instance(
                    challenge_id=name, instance_id=name, ttl=600, answers={}, digest=version
                )
            wait_for("the instance", lambda: node.get_status(had).status == "ready")
            # What it lacks it goes on asking for, until the platform is back.
            assert node.get_status(lacked).status == "starting"
    finally:
        for process in nodes:
            process.stop()


def test_running_instances_are_not_disturbed_by_a_new_version_and_a_rollback(
    platform: Platform, tmp_path: Path
) -> None:
    name = fresh()
    first = platform.push(made(tmp_path, name, "one"))
    competition = platform.arena.competition(name)
    players = [platform.arena.registered(competition) for _ in range(3)]
    before = [platform.started(player, name, competition.id) for player in players]
    assert platform.push(made(tmp_path, name, "two")) == first + 1
    after = platform.started(players[0], name, competition.id)
    assert said(after) == "two"
    assert [said(instance) for instance in before] == ["one"] * 3
    # Each is graded by what it shows.
    assert not players[1].submissions.submit(before[1].id, "two").correct
    assert players[1].submissions.submit(before[1].id, "one").correct
    back = platform.admin.admin.challenges.rollback(name, first)
    assert (back.version, back.is_current) == (first, True)
    again = platform.started(players[1], name, competition.id)
    assert said(again) == "one"
    assert said(after) == "two"
    assert [said(instance) for instance in before] == ["one"] * 3
    for player in players:
        for instance in player.instances.list():
            player.instances.stop(instance.id)


def test_versions_are_listed_compared_and_downloaded(platform: Platform, tmp_path: Path) -> None:
    name = fresh()
    folder = made(tmp_path, name, "one", **{"attachments/old.txt": "x"})
    platform.push(folder)
    (folder / "attachments" / "old.txt").unlink()
    made(tmp_path, name, "two", **{"attachments/new.bin": "\0"})
    platform.push(folder)
    challenges = platform.admin.admin.challenges
    assert [(v.version, v.is_current, v.origin) for v in challenges.versions(name)] == [
        (2, True, "push"),
        (1, False, "push"),
    ]
    changes = {file.path: file for file in challenges.diff(name, 2).files}
    assert {path: file.change for path, file in changes.items()} == {
        "services/web/app.py": "changed",
        "attachments/new.bin": "added",
        "attachments/old.txt": "removed",
        "metadata.yaml": "changed",
    }
    assert '+        self.wfile.write(b"two")' in changes["services/web/app.py"].diff.splitlines()
    assert challenges.diff(name, 2, base=2).files == []
    with tarfile.open(fileobj=io.BytesIO(challenges.download_version(name, 2))) as tar:
        assert f"{name}/attachments/new.bin" in tar.getnames()
    stored = {row.id: row for row in challenges.stored()}
    assert (stored[name].version, stored[name].source, stored[name].versions) == (2, "push", 2)
    assert stored["from-folder"].source == "folder"


def test_two_challenges_that_hold_the_same_are_two(platform: Platform, tmp_path: Path) -> None:
    names = [fresh(), f"{fresh()}-as-a-copy-under-a-name-of-its-own", fresh()]
    for name in names:
        folder = made(tmp_path / name, name, "the same")
        (folder / "metadata.yaml").write_text(METADATA.format(name="Same", answer="the same"))
        platform.push(folder)
    challenges = platform.admin.admin.challenges
    assert len({challenges.versions(name)[0].digest for name in names}) == 1
    for name in names:
        with tarfile.open(fileobj=io.BytesIO(challenges.download_version(name, 1))) as tar:
            assert {member.split("/")[0] for member in tar.getnames()} == {name}
    competition = platform.arena.competition(*names)
    player = platform.arena.registered(competition)
    with newcomer(platform):
        for name in names:
            instance = platform.started(player, name, competition.id)
            assert said(instance) == "the same"
            player.instances.stop(instance.id)


def test_an_archive_by_its_digest_alone_is_found(platform: Platform, tmp_path: Path) -> None:
    """As they were written before two challenges could hold the same."""
    name = fresh()
    platform.push(made(tmp_path, name, "long here"))
    challenges = platform.admin.admin.challenges
    (archive,) = platform.folder.rglob(f"archive/challenges/*/{name}.tar.gz")
    archive.rename(archive.parent.with_suffix(".tar.gz"))
    with tarfile.open(fileobj=io.BytesIO(challenges.download_version(name, 1))) as tar:
        assert f"{name}/metadata.yaml" in tar.getnames()


def test_the_same_version_pushed_again_is_the_same_version(
    platform: Platform, tmp_path: Path
) -> None:
    folder = made(tmp_path, fresh(), "same")
    assert platform.push(folder) == platform.push(folder) == 1


def test_a_push_is_told_what_no_node_gives(platform: Platform, tmp_path: Path) -> None:
    folder = made(tmp_path, fresh(), "large")
    with (folder / "metadata.yaml").open("a") as file:
        file.write("\nlimits: {memory_mb: 900000}\n")
    pushed = platform.admin.admin.challenges.push(packed(folder))
    assert "limits.no-node" in {finding.rule for finding in pushed.findings}


def test_a_removed_challenge_is_gone_until_a_rollback(platform: Platform, tmp_path: Path) -> None:
    name = fresh()
    platform.push(made(tmp_path, name, "here"))
    challenges = platform.admin.admin.challenges
    assert platform.admin.challenges.get(name).id == name
    competition = platform.arena.competition(name)
    player = platform.arena.registered(competition)
    running = platform.started(player, name, competition.id)
    challenges.remove(name)
    assert player.submissions.submit(running.id, "here").correct  # it runs on
    player.instances.stop(running.id)
    with pytest.raises(CtfyApiError, match="challenge_not_found"):
        platform.admin.challenges.get(name)
    challenges.rollback(name, 1)
    assert platform.admin.challenges.get(name).id == name
    with pytest.raises(ConflictError, match="challenge_in_folder"):
        challenges.remove("from-folder")


def test_the_folder_makes_versions_and_leaves_a_rollback_alone(platform: Platform) -> None:
    challenges = platform.admin.admin.challenges
    made(platform.folder / "challenges", "edited", "one")
    rescan(platform)
    made(platform.folder / "challenges", "edited", "two")
    rescan(platform)
    assert current(platform, "edited") == 2
    wait_for("the archives", lambda: all(v.archive_bytes for v in challenges.versions("edited")))
    challenges.rollback("edited", 1)
    rescan(platform)
    assert current(platform, "edited") == 1
    made(platform.folder / "challenges", "edited", "three")
    rescan(platform)
    assert current(platform, "edited") == 3


def rescan(platform: Platform) -> None:
    task = platform.admin.admin.challenges.rescan()
    wait_for(
        "the rescan",
        lambda: platform.admin.admin.tasks.get(task.id).status in ("succeeded", "failed"),
    )


def current(platform: Platform, name: str) -> int:
    return next(row.version for row in platform.admin.admin.challenges.stored() if row.id == name)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"hello", "archive_refused", "no tar, tar.gz or zip"),
        (b"", "archive_refused", "no tar, tar.gz or zip"),
        ("broken", "challenge_refused", "is broken"),
    ],
)
def test_what_is_no_challenge_is_refused_and_changes_nothing(
    platform: Platform, tmp_path: Path, content: bytes | str, code: str, words: str
) -> None:
    name = fresh()
    folder = made(tmp_path, name, "x")
    platform.push(folder)
    if isinstance(content, str):
        (folder / "metadata.yaml").write_text("{name: x, desciption: y}\n")
        content = packed(folder)
    with pytest.raises(ValidationError, match=words) as caught:
        platform.admin.admin.challenges.push(content)
    assert caught.value.code == code
    assert len(platform.admin.admin.challenges.versions(name)) == 1


@pytest.mark.parametrize(
    "path", ["versions/{}/archive", "versions/{}/diff", "versions/1/diff?base={}"]
)
@pytest.mark.parametrize("number", [0, -1, 2**31, 10**12, "x"])
def test_a_number_that_no_version_has_is_refused_in_words(
    platform: Platform, path: str, number: object
) -> None:
    url = f"{platform.arena.url}/api/v1/admin/challenges/from-folder/{path.format(number)}"
    answer = httpx.get(url, headers=_bearer(platform.admin))
    first_has_no_base = path.endswith("base={}") and number == 0
    assert answer.status_code == (200 if first_has_no_base else 422), answer.text


def test_only_administrators_push_and_only_nodes_fetch(platform: Platform, tmp_path: Path) -> None:
    player = platform.arena.player()
    with pytest.raises(CtfyApiError) as caught:
        player.admin.challenges.push(packed(made(tmp_path, fresh(), "x")))
    assert caught.value.status_code == 403
    url = f"{platform.arena.url}/api/v1/nodes/challenges"
    for headers in ({}, _bearer(player), _bearer(platform.admin)):
        assert httpx.get(url, headers=headers).status_code == 401
        assert httpx.get(f"{url}/{'0' * 64}", headers=headers).status_code == 401


# -- git


class Repository:
    """A repository that a git server hands out."""

    def __init__(self, root: Path, port: int) -> None:
        self.folder = root / "ctf"
        self.url = f"git://127.0.0.1:{port}/ctf"
        self.folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> None:
        identity = ["-c", "user.name=Author", "-c", "user.email=author@example.org"]
        subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=More")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    port = free_port()
    found = Repository(tmp_path, port)
    served = subprocess.Popen(
        [
            *("git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1"),
            *(f"--port={port}", f"--base-path={tmp_path}", str(tmp_path)),
        ],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for("git", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        yield found
    finally:
        os.killpg(served.pid, signal.SIGTERM)
        served.wait()


def pulled(platform: Platform, source_id: str) -> tuple[str, str]:
    """How a look at a repository ended, and what was said of it."""
    task = platform.admin.admin.challenges.pull_source(source_id)

    def ended() -> tuple[str, str] | None:
        found = platform.admin.admin.tasks.get(task.id)
        over = found.status in ("succeeded", "failed")
        return (found.status, str(found.result or found.error)) if over else None

    return wait_for("the pull", ended)


def test_a_commit_becomes_versions(platform: Platform, repository: Repository) -> None:
    one, other = fresh(), fresh()
    made(repository.folder / "ctf", one, "one")
    made(repository.folder / "ctf", other, "other")
    repository.commit()
    challenges = platform.admin.admin.challenges
    source = challenges.add_source(repository.url, folder="ctf")
    assert "2 taken, 0 refused" in pulled(platform, source.id)[1]
    made(repository.folder / "ctf", one, "one more")
    (repository.folder / "ctf" / other / "metadata.yaml").write_text("{name: x}\n")
    repository.commit()
    assert "1 taken, 1 refused" in pulled(platform, source.id)[1]
    assert [v.origin.split()[0] for v in challenges.versions(one)] == ["git", "git"]
    assert (current(platform, one), current(platform, other)) == (2, 1)
    (listed,) = [row for row in challenges.sources() if row.id == source.id]
    assert other in listed.error
    assert listed.challenges == 2
    challenges.rollback(one, 1)
    made(repository.folder / "ctf", other, "mended")
    repository.commit()
    assert "1 taken, 0 refused" in pulled(platform, source.id)[1]
    assert (current(platform, one), current(platform, other)) == (1, 2)
    challenges.remove_source(source.id)
    assert current(platform, other) == 2


def test_a_repository_that_is_gone_or_moved_its_branch_says_so_and_changes_nothing(
    platform: Platform, repository: Repository
) -> None:
    name = fresh()
    made(repository.folder, name, "one")
    repository.commit()
    challenges = platform.admin.admin.challenges
    source = challenges.add_source(repository.url)
    assert pulled(platform, source.id)[0] == "succeeded"
    repository.git("branch", "--move", "trunk")
    status, words = pulled(platform, source.id)
    assert (status, "no branch main" in words) == ("failed", True)
    (repository.folder / ".git").rename(repository.folder / "gone")
    status, words = pulled(platform, source.id)
    assert status == "failed"
    assert current(platform, name) == 1
    (listed,) = [row for row in challenges.sources() if row.id == source.id]
    assert listed.error
    challenges.remove_source(source.id)


@pytest.mark.parametrize(
    ("url", "branch"),
    [
        ("file:///etc", "main"),
        ("/etc", "main"),
        ("ext::sh -c id", "main"),
        ("https://somebody:secret@example.org/x", "main"),
        ("https://secret@example.org/x", "main"),
        ("https://example.org/x?token=secret", "main"),
        ("https://example.org/x", "--upload-pack=id"),
        ("--upload-pack=id", "main"),
    ],
)
def test_what_is_no_address_of_a_repository_is_refused(
    platform: Platform, url: str, branch: str
) -> None:
    with pytest.raises(ValidationError):
        platform.admin.admin.challenges.add_source(url, branch=branch)
