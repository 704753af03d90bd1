"""`ctfy-admin challenge dev`: a challenge that runs while its files are changed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pexpect
import psutil
import pytest

from ctfy.challenge.scaffold import Scaffold
from ctfy.core.enums import ChallengeCategory
from tests.available import PROVIDERS, needs
from tests.cli.terminal import Terminal
from tests.node.lone_provider import challenge_of
from tests.processes import ADMIN, PATIENCE_S, Process, free_port, wait_for

SERVICE = """\
import http.server, pathlib
WORD = "first"
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write((WORD + " " + pathlib.Path("/answers/flag").read_text()).encode())
print("it begins", flush=True)
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
SOLVER = """\
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode().split()[1])
"""


@dataclass
class Author:
    """Somebody who writes a challenge while it runs."""

    folder: Path
    process: Process

    @property
    def service(self) -> Path:
        return self.folder / "services" / "web" / "app.py"

    @property
    def url(self) -> str:
        return wait_for("its address", lambda: re.search(r"http://\S+", self.process.said()))[0]

    @property
    def answer(self) -> str:
        return wait_for("its answer", lambda: re.search(r"FLAG\{\w+\}", self.process.said()))[0]

    def hears(self, words: str, times: int = 1) -> None:
        wait_for(words, lambda: self.process.said().count(words) >= times)

    def word(self) -> str:
        """What the service says now; empty while it says nothing."""
        try:
            return httpx.get(self.url).text.split()[0]
        except httpx.TransportError:
            return ""

    def change(self, path: Path, old: str, new: str) -> None:
        """As an editor saves it: another file takes the place of the one that was there."""
        assert old in path.read_text()
        draft = path.with_name(f".{path.name}.swp")
        draft.write_text(path.read_text().replace(old, new))
        draft.replace(path)


@contextlib.contextmanager
def developing(folder: Path, *options: str) -> Iterator[Author]:
    process = Process(
        ["challenge", "dev", str(folder), *options], {}, folder.parent.parent / "dev.log"
    )
    process.start()
    try:
        yield Author(folder, process)
    finally:
        assert process.popen is not None
        if process.popen.poll() is None:
            assert process.stop(signal.SIGINT) == 0, process.said()
    assert "/ctfy/" not in process.said(), "a traceback of ours"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = challenge_of(tmp_path, SERVICE).path
    (made / "solve.py").write_text(SOLVER)
    (made / "README.md").write_text("made")
    return made


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_change_is_live_at_the_same_address_with_the_same_answers(
    folder: Path, provider: str
) -> None:
    with developing(folder, "--provider", provider, "--solve") as author:
        author.hears("solved in")
        url, answer = author.url, author.answer
        assert httpx.get(url).text == f"first {answer}"
        author.hears("| asked for /")
        author.change(author.service, '"first"', '"second"')
        wait_for("the change", lambda: author.word() == "second")
        assert httpx.get(url).text == f"second {answer}"
        author.hears("changed: services/web/app.py")
        author.hears("solved in", 2)
        assert author.process.said().count(url) == 1
        assert author.process.said().count("| it begins") == 2


def test_a_broken_version_is_told_of_and_the_one_before_serves_on(folder: Path) -> None:
    with developing(folder, "--provider", "sandbox") as author:
        assert author.word() == "first"
        metadata = folder / "metadata.yaml"
        author.change(metadata, "difficulty: easy", "difficulty: eazy")
        author.change(author.service, '"first"', '"second"')
        author.hears("`eazy` is none of them (did you mean `easy`?) [metadata.value]")
        author.hears("the version before serves on")
        assert f"error: {metadata}:1: `difficulty`" in author.process.said()
        assert author.word() == "first"
        author.change(metadata, "difficulty: eazy", "difficulty: easy")
        wait_for("the mended one", lambda: author.word() == "second")


def test_a_version_that_does_not_start_leaves_the_one_before(folder: Path) -> None:
    with developing(folder, "--provider", "sandbox", "--timeout", str(PATIENCE_S)) as author:
        assert author.word() == "first"
        author.change(author.service, 'WORD = "first"', 'WORD = "first')
        author.hears("SyntaxError")
        author.hears("the version before serves on")
        assert author.word() == "first"
        # One that never answers is given up for the next, not waited for.
        author.change(author.service, 'WORD = "first', "import time; time.sleep(9999)\nWORD = '3'")
        author.hears("changed: services/web/app.py", 2)
        author.change(author.service, "import time; time.sleep(9999)\nWORD = '3'", "WORD = '4'")
        wait_for("the next one", lambda: author.word() == "4")


@needs("docker")
def test_nobody_waits_for_an_image_that_is_out_of_date(folder: Path) -> None:
    dockerfile = folder / "services" / "web" / "Dockerfile"
    with developing(folder, "--provider", "docker") as author:
        assert author.word() == "first"
        author.change(dockerfile, "COPY", f"RUN sleep {10 * PATIENCE_S}\nCOPY")
        author.hears("changed: services/web/Dockerfile")
        author.change(dockerfile, f"RUN sleep {10 * PATIENCE_S}", "RUN true")
        author.change(author.service, '"first"', '"second"')
        wait_for("the change", lambda: author.word() == "second")
        author.change(dockerfile, "RUN true", f"RUN sleep {10 * PATIENCE_S}")
        author.hears("changed: services/web/Dockerfile", 3)
        assert author.process.stop(signal.SIGINT) == 0, author.process.said()


def test_the_solver_and_the_readme_change_beside_the_instance(folder: Path) -> None:
    with developing(folder, "--provider", "sandbox", "--solve") as author:
        author.hears("solved in")
        author.change(folder / "solve.py", "[1])", "[2])")
        author.hears("changed: solve.py; the instance runs on")
        author.hears("not solved: solve.py ended with 1 in line 2: ")
        author.change(folder / "solve.py", "[2])", "[1])")
        author.hears("solved in", 2)
        author.change(folder / "README.md", "made", "how it is made")
        author.hears("changed: README.md; the instance runs on")
        assert author.process.said().count("| it begins") == 1


def test_an_instance_that_ends_is_told_of_and_starts_with_the_next_change(folder: Path) -> None:
    with developing(folder, "--provider", "sandbox") as author:
        assert author.word() == "first"
        author.change(
            author.service,
            'print("asked',
            'import os; os._exit(7) if "x" in self.path else ""; print("asked',
        )
        wait_for("the change", lambda: author.process.said().count("live after") == 2)
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{author.url}/x")
        author.hears("ended by itself with code 7")
        author.change(author.service, "os._exit(7)", "None")
        wait_for("the next one", lambda: author.word() == "first")


def test_what_is_broken_from_the_beginning_is_waited_for(folder: Path) -> None:
    author = Author(folder, Process([], {}, folder))
    author.change(folder / "metadata.yaml", "port: 8000", "port: 0")
    with developing(folder, "--provider", "sandbox") as author:
        author.hears("sandbox.port")
        author.hears("nothing runs; it waits for a change")
        author.change(folder / "metadata.yaml", "port: 0", "port: 8000")
        wait_for("it", lambda: author.word() == "first")


def test_a_folder_that_was_away_is_followed_again(folder: Path) -> None:
    with developing(folder, "--provider", "sandbox") as author:
        assert author.word() == "first"
        away = folder.with_name("away")
        folder.rename(away)
        author.hears("folder.unreadable")
        assert author.word() == "first"
        away.rename(folder)
        author.change(author.service, '"first"', '"second"')
        wait_for("the change", lambda: author.word() == "second")


def test_files_for_players_stay_where_they_are(folder: Path) -> None:
    (folder / "attachments").mkdir()
    handout = folder / "attachments" / "where.txt.j2"
    handout.write_text("at {{ services[0].url }}")
    with developing(folder, "--provider", "sandbox") as author:
        assert author.word() == "first"
        path = Path(wait_for("it", lambda: re.search(r"file\t(\S+)", author.process.said()))[1])
        assert path.read_text() == f"at {author.url}"
        author.change(handout, "at", "still at")
        wait_for("the change", lambda: path.read_text() == f"still at {author.url}")
        assert author.word() == "first"


def test_a_challenge_without_an_instance(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "metadata.yaml").write_text(
        "{name: n, description: d, difficulty: easy, tags: [t], questions:"
        " [{id: port, prompt: p, answers: ['443', https]}]}"
    )
    (folder / "solve.py").write_text("print('444')")
    with developing(folder, "--provider", "sandbox", "--solve") as author:
        author.hears("answer\tport\t443 | https")
        author.hears("not solved: solve.py's answer to `port` is wrong")
        author.change(folder / "solve.py", "444", "https")
        author.hears("solved in")


def test_a_challenge_is_found_by_its_name_too(folder: Path, tmp_path: Path) -> None:
    author = Terminal(tmp_path / "config", "http://127.0.0.1:9")
    author.environment["CTFY_CHALLENGES_DIR"] = str(folder.parent)
    ran = author.run("ctfy-admin challenge dev nothing-of-that-name")
    assert (ran.code, ran.err.count("\n")) == (4, 1)
    process = Process(
        ["challenge", "dev", "made", "--provider", "sandbox"],
        {"CTFY_CHALLENGES_DIR": str(folder.parent)},
        tmp_path / "dev.log",
    )
    process.start()
    wait_for("it", lambda: "live after" in process.said())
    assert process.stop() == 0  # also by SIGTERM


def test_a_port_that_is_taken_is_not_shared(folder: Path, tmp_path: Path) -> None:
    port = free_port()
    author = Terminal(tmp_path / "config", "http://127.0.0.1:9")
    with developing(folder, "--provider", "sandbox", "--port", str(port)) as first:
        assert first.url == f"http://127.0.0.1:{port}"
        assert first.word() == "first"
        ran = author.run(f"ctfy-admin challenge dev {folder} --port {port}")
        assert (ran.code, "in use" in ran.err, ran.err.count("\n")) == (1, True, 1)
        first.change(first.service, '"first"', '"second"')
        wait_for("the change", lambda: first.word() == "second")


def left(folder: Path) -> list[str]:
    """The processes of sandboxes whose files were copied from a challenge."""
    commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    return [line for line in commands if str(folder) in line and "bwrap" in line]


@contextlib.contextmanager
def at_a_terminal(folder: Path, temporary: Path) -> Iterator[pexpect.spawn[str]]:
    temporary.mkdir()
    shell = pexpect.spawn(
        sys.executable,
        ["-c", ADMIN, "challenge", "dev", str(folder), "--provider", "sandbox"],
        env={**os.environ, "TERM": "xterm-256color", "TMPDIR": str(temporary)},
        dimensions=(40, 200),
        encoding="utf-8",
        timeout=PATIENCE_S,
    )
    shell.logfile_read = (temporary.parent / "session.txt").open("w")
    try:
        yield shell
    finally:
        shell.close(force=True)
        shell.logfile_read.close()


def test_a_session_at_a_terminal(tmp_path: Path) -> None:
    Scaffold("open-door", ChallengeCategory.WEB, "easy", []).write(tmp_path)
    temporary = tmp_path / "temporary"
    with at_a_terminal(tmp_path / "open-door", temporary) as shell:
        shell.expect(r"http://\S+")
        shell.expect(r"answer\s+flag\s+(FLAG\{\w+\})")
        answer = shell.match[1]
        shell.expect("live after")
        shell.send("s")
        shell.expect("solved in")
        shell.send("r")
        shell.expect(r"answer\s+flag\s+(FLAG\{\w+\})")
        assert shell.match[1] != answer
        shell.expect("live after")
        assert left(temporary)
        shell.sendintr()
        shell.expect("stopping")
        shell.sendintr()  # whoever is impatient breaks nothing
        shell.expect(pexpect.EOF)
        shell.wait()
        assert (shell.exitstatus, shell.signalstatus) == (0, None)
    assert "Traceback" not in (tmp_path / "session.txt").read_text()
    assert left(temporary) == []
    assert list(temporary.iterdir()) == []


def test_a_start_is_stopped_at_a_terminal_as_well(tmp_path: Path) -> None:
    Scaffold("slow", ChallengeCategory.MISC, "easy", []).write(tmp_path)
    (service,) = (tmp_path / "slow" / "services").glob("*/app.py")
    service.write_text("import time\ntime.sleep(9999)\n")
    temporary = tmp_path / "temporary"
    with at_a_terminal(tmp_path / "slow", temporary) as shell:
        wait_for("the start", lambda: left(temporary))
        shell.sendintr()
        shell.expect(pexpect.EOF)
        shell.wait()
        assert (shell.exitstatus, shell.signalstatus) == (0, None)
    assert "Traceback" not in (tmp_path / "session.txt").read_text()
    assert left(temporary) == []
    assert list(temporary.iterdir()) == []
