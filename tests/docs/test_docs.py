"""The documentation: it builds, its links lead somewhere, and its snippets do what they say."""

from __future__ import annotations

import ast
import builtins
import inspect
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ctfy.sdk import InstanceReadyResult, PlatformClient, hosts
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.models.instances import InstanceInfo
from tests.cli.terminal import PROGRAMS, commands
from tests.conftest import (
    ADMIN_EMAIL,
    PASSWORD,
    Arena,
    cloned_database,
    make_admin,
    mint_invite,
    sign_in,
)
from tests.hostile_images import drawn
from tests.processes import PATIENCE_S, ROOT, free_port, stack
from tests.sdk.both_clients import Loop

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"  # its commands are those of tests and measurements
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
BIN = Path(sys.executable).parent
TREE = dict(pair for program, app in PROGRAMS.items() for pair in commands(app, program))
# A block that no test can run as it stands, and the test that does what it says.
NOT_RUN = re.compile(r"^<!-- not run: ([^\n]+) -->\n```sh\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(
    r"^(?:\$ )?(?:\S+=\S* )*(?:\.venv/bin/)?"
    r"(?:ctfy|ctfy-admin|make|pip|uv|python3?|inspect|git|curl|export|docker) ",
    re.M,
)
# These run until they are stopped.
ENDLESS = re.compile(r"ctfy-admin (server start|worker|node join|challenge dev)")


def blocks(page: Path, kind: str) -> str:
    """The snippets of a page, one after the other as a reader follows it."""
    return "\n".join(text for found, text in BLOCK.findall(page.read_text()) if found == kind)


def shell(page: Path) -> str:
    """The commands of a page, but those that say why no test runs them as they stand."""
    found = BLOCK.findall(NOT_RUN.sub("", page.read_text()))
    return "\n".join(text for kind, text in found if kind == "sh")


def having(kind: str) -> list[Any]:
    found = shell if kind == "sh" else partial(blocks, kind=kind)
    return [pytest.param(page, id=page.name) for page in PAGES if found(page)]


@dataclass
class Reader:
    """Somebody who follows the documentation on a platform of their own."""

    arena: Arena
    competition: CompetitionInfo
    player: PlatformClient
    folder: Path

    @property
    def values(self) -> dict[str, str]:
        """What stands for the placeholders."""
        return {
            "https://ctf.example.org": self.arena.url,
            "http://127.0.0.1:8100": self.arena.url,
            "https://node1.example.org": f"http://127.0.0.1:{free_port()}",
            "node1.example.org": "127.0.0.1",
            "you@example.org": self.player.me.get().email,
            "admin@example.org": ADMIN_EMAIL,
            "CTFY_PASSWORD=…": f"CTFY_PASSWORD={PASSWORD}",
            "CTFY_SECRET_KEY=…": f"CTFY_SECRET_KEY={'k' * 40}",
            "nr_…": mint_invite(self.arena.url),
            "ps_…": self.arena.admin.token,
            "pf_…": self.player.auth.mint_token("reader").token,
            '"…"': f'"{PASSWORD}"',
        }

    def sign_in(self, config: Path) -> None:
        """What `ctfy login` leaves behind."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CTFY_CONFIG_DIR", str(config))
            url, me = self.arena.url, hosts.Host(token=self.arena.admin.token)
            hosts.save(hosts.Hosts(current=url, hosts={url: me}))

    def least(self, page: Path) -> PlatformClient:
        """The player with a token that holds what the page says is enough, where it does."""
        scopes = dict(re.findall(r"--permission (\w+)=(\w+)", page.read_text()))
        if not scopes:
            return self.player
        minted = self.player.auth.mint_token("least", permissions=scopes)
        return PlatformClient(self.arena.url, minted.token)

    def filled(self, text: str) -> str:
        for placeholder, value in self.values.items():
            text = text.replace(placeholder, value)
        return text


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("documented")
    with cloned_database() as database:
        make_admin(database)
        with (
            stack(database, folder, mint_invite, CTFY_ADMIN_SHELL_ENABLED="true") as up,
            sign_in(up.url, ADMIN_EMAIL) as admin,
        ):
            yield Arena(up.url, admin)


@pytest.fixture
def reader(platform: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    for old in platform.admin.admin.competitions.list(limit=1000):
        platform.admin.admin.competitions.delete(old.id, force=True)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    old_ctf = tmp_path / "old-ctf" / "jar"
    old_ctf.mkdir(parents=True)
    (old_ctf / "challenge.yml").write_text("{name: Jar, description: d, flags: ['flag{x}']}\n")
    monkeypatch.chdir(tmp_path)
    others = ("field-notes", "last-page", "relay-station", "two-time")
    competition = platform.competition("notes", *others)
    with platform.player("Reader") as player:
        yield Reader(platform, competition, player, tmp_path)


@pytest.mark.parametrize("page", having("sh"))
def test_shell_snippets_run(reader: Reader, page: Path) -> None:
    """Each as it is printed, in their order, by somebody who signed in with `ctfy login`."""
    lines = reader.filled(shell(page)).replace("\\\n", " ").splitlines()
    config = reader.folder / "config"
    if not any("login" in line for line in lines):
        reader.sign_in(config)
    script = ["set -e -o pipefail"]
    for line in lines:
        if ENDLESS.search(line):  # it must still run when its time is over
            words = ENDLESS.sub(lambda found: f"timeout -s INT 8 {found[0]}", line)
            line = f"( {words.partition('  #')[0]} ) || test $? = 124"
        script.append(line.replace(".venv/bin/", ""))
    with cloned_database() as database:
        text = "\n".join(script).replace("postgresql://…", database)
        done = subprocess.run(
            ["bash", "-c", text],
            capture_output=True,
            text=True,
            timeout=5 * PATIENCE_S,
            cwd=reader.folder,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("CTFY_")},
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "CTFY_CONFIG_DIR": str(config),
                "CTFY_DATABASE_URL": database,
                "CTFY_PASSWORD": PASSWORD,  # which a terminal asks for
                "CTFY_PORT": str(free_port()),
                "CTFY_URL": reader.arena.url,  # what 127.0.0.1:8100 is for a reader
            },
        )
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_in_a_block_that_runs_or_says_why_not(page: Path) -> None:
    text = page.read_text()
    for kind, block in BLOCK.findall(text):
        if kind in ("text", "console", "bash", "shell", ""):
            assert not COMMAND.search(block), block
    for reason, block in NOT_RUN.findall(text):
        assert COMMAND.search(block), block
        (test,) = re.findall(r"\btests/[\w/]+(?:\.py)?", reason)[:1] or [""]
        assert test, f"no test does what is not run: {reason}"
        assert (ROOT / test).exists(), test


class Seen(Exception):
    """A loop without end has shown what it does."""


@pytest.mark.parametrize("page", having("python"))
def test_python_snippets_run(reader: Reader, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player, competition = reader.player, reader.competition
    player.competition(competition.id).register()
    over = player.instances.start("notes", competition_id=competition.id)
    player.instances.stop(over.id)
    ready = player.instances.start("notes", competition_id=competition.id)
    arena = reader.arena
    friend = {"friend@example.org", "later@example.org"}
    known = {user.email for user in arena.admin.admin.users.list(limit=1000)}
    for email in friend - known:
        PlatformClient(arena.url).auth.register(email, PASSWORD, "Friend")
    names: dict[str, Any] = {
        "url": arena.url,
        "client": reader.least(page),
        "admin": arena.admin.admin,
        "comp": competition,
        "competition_id": competition.id,
        "user_id": arena.player("Somebody").me.get().id,
        "team_id": player.competition(competition.id).detail().my_team_id,
        "instance_id": ready.id,
        "logo": drawn(),
        "photo": drawn("JPEG"),
    }
    if "node_id" in page.read_text():
        added = arena.admin.admin.nodes.register(f"http://127.0.0.1:{free_port()}")
        names["node_id"] = added.id
    reader.sign_in(reader.folder / "config")
    monkeypatch.setenv("CTFY_CONFIG_DIR", str(reader.folder / "config"))
    stop = threading.Event()

    def happen() -> None:
        """What the page's readers of events see; only they are there for it."""
        while not stop.wait(0.2):
            if "events()" in source:
                player.submissions.submit(running().id, "nonsense")

    def running() -> InstanceInfo | InstanceReadyResult:
        live = player.instances.list("notes", "ready")
        return live[0] if live else player.instances.start("notes", competition_id=competition.id)

    def shown(*values: object) -> None:
        builtins.print(*values)
        if "events()" in source:
            raise Seen

    source = ""
    names["print"] = shown
    happening = threading.Thread(target=happen)
    happening.start()
    loop = Loop()
    try:
        for kind, text in BLOCK.findall(page.read_text()):
            if kind != "python":
                continue
            source = reader.filled(text)
            if "register(" in source:  # the reader is not in it yet
                player.competition(competition.id).team.leave()
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(source, str(page), "exec", flags=flags)
            try:
                result = eval(code, names)
                if inspect.iscoroutine(result):
                    loop.wait(result)
            except Seen:
                pass
    finally:
        stop.set()
        happening.join()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"`((?:ctfy|ctfy-admin) [^`\n]+)`", text)
    named += [
        line
        for _, block in BLOCK.findall(text)
        for line in block.replace("\\\n", " ").splitlines()
        if re.match(r"(\S*=\S* )*(ctfy|ctfy-admin) ", line)
    ]
    for line in named:
        words = re.sub(r" --host \S+", "", line.partition("  #")[0])
        found = re.search(r"ctfy(?:-admin)?(?: [a-z][a-z-]*)*", words)
        assert found, line
        path = found[0]
        while path and path not in TREE and not any(name.startswith(f"{path} ") for name in TREE):
            path = path.rpartition(" ")[0]
        assert " " in path or words.split()[1].startswith("--"), line
        if path in TREE:
            parameters = TREE[path].params
            options = {o for p in parameters for o in (*p.opts, *p.secondary_opts)} | {"--host"}
            before_pipe = re.split(r" \|\|? | && | > ", words)[0]
            given = set(re.findall(r" (--[a-z-]+)", before_pipe))
            assert given <= options | {"--install-completion"}, line


@pytest.mark.parametrize("page", [*PAGES, CONTRIBUTING], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://", "reference/generated/")):
            assert (page.parent / target).exists(), target


def named_paths(text: str) -> set[str]:
    """What a text names below a folder of ours, or beside them; `<name>` stands for any."""
    folders = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
    below = re.findall(rf"(?<![\w./-])(?:{folders})/[\w./<>-]+", text)
    return {path.rstrip(".") for path in below} | set(re.findall(r"`([\w-]+\.(?:toml|md))`", text))


def test_every_path_of_the_contributors_page_exists() -> None:
    named = named_paths(CONTRIBUTING.read_text())
    assert {"src/ctfy/server/domains.py", "tests/web/", "pyproject.toml"} <= named
    assert len(named) > 50
    patterns = {path: re.sub(r"<\w+>", "*", path) for path in named}
    assert [path for path, pattern in patterns.items() if not any(ROOT.glob(pattern))] == []


def test_committed_pictures_are_shown_and_few() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text())
        if "://" not in target
    }
    committed = set((ROOT / "docs" / "images").iterdir())
    assert shown == committed
    assert len(committed) <= 16
    assert sum(picture.stat().st_size for picture in committed) < 1_000_000


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "site" / "docs")
    for name in ("tools", "examples"):
        (tmp_path / "site" / name).symlink_to(ROOT / name)
    command = [BIN / "sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "docs", "built"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")
    built = tmp_path / "site" / "built"
    assert (built / "searchindex.js").stat().st_size > 10_000
    assert "start_instance" in (built / "reference/generated/mcp.html").read_text()
    assert "PlatformClient" in (built / "reference/sdk.html").read_text()
