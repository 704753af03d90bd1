"""A whole session in a terminal, recorded: sign in by device flow, launch, solve, standings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pexpect

from ctfy.sdk import PlatformClient
from tests.conftest import PASSWORD, Arena
from tests.processes import CHALLENGES, PATIENCE_S

COLUMNS, ROWS = 100, 40
PROMPT = "ready> "


class Recorder:
    """Everything that the terminal shows, as an asciicast v2 file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self._began = time.monotonic()
        self._line({"version": 2, "width": COLUMNS, "height": ROWS})

    def _line(self, value: object) -> None:
        self._file.write(json.dumps(value) + "\n")

    def write(self, text: str) -> None:
        self._line([round(time.monotonic() - self._began, 3), "o", text])

    def flush(self) -> None:
        self._file.flush()


def test_a_session_in_a_terminal(arena: Arena, tmp_path: Path) -> None:
    competition = arena.competition("notes", "field-notes")
    player = arena.player("Terminal")
    browser = PlatformClient(arena.url, player.auth.login(player.me.get().email, PASSWORD).token)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = pexpect.spawn(
        "bash",
        ["--norc", "--noprofile"],
        env={
            **os.environ,
            "PATH": path,
            "PS1": PROMPT,
            "CTFY_URL": arena.url,
            "CTFY_CONFIG_DIR": str(tmp_path / "config"),
            "TERM": "xterm-256color",
        },
        dimensions=(ROWS, COLUMNS),
        encoding="utf-8",
        timeout=PATIENCE_S,
    )
    shell.logfile_read = Recorder(tmp_path / "session.cast")

    def type_(line: str) -> str:
        """What the terminal shows until the next prompt."""
        shell.sendline(line)
        shell.expect(re.escape(PROMPT))
        shown: str = shell.before
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)

    try:
        shell.expect(re.escape(PROMPT))
        shell.sendline("ctfy login --no-browser")
        shell.expect(r"approve the code (\S+)")
        assert browser.auth.approve_device(shell.match[1]).status == "approved"
        shell.expect(r"Signed in to \S+ as Terminal")
        shell.expect(re.escape(PROMPT))
        assert competition.id in type_("ctfy competition list")  # whole, however narrow it is
        assert "captain" in type_(f"ctfy competition register {competition.id}")
        listed = type_(f"ctfy challenge list --competition {competition.id}")
        assert "difficulty" in listed  # the heading: this is a terminal
        assert "Pocket Notes" in listed
        started = type_(f"ctfy instance start notes --competition {competition.id}")
        instance = re.findall(r"\b[0-9a-f]{32}\b", started)[-1]
        url = re.search(r"http://\S+", started)
        assert url
        solver = [sys.executable, str(CHALLENGES / "notes" / "solve.py"), url[0]]
        flag = subprocess.run(solver, capture_output=True, text=True, check=True).stdout.strip()
        assert "wrong answer" in type_(f"ctfy instance submit {instance} nonsense")
        assert "1" in type_("echo $?")
        assert "solved, as number 1" in type_(f"ctfy instance submit {instance} '{flag}'")
        standings = type_(f"ctfy scoreboard show --competition {competition.id}")
        assert re.search(r"1\s+Terminal\s", standings)
        assert "Stopped." in type_(f"ctfy instance stop {instance}")
        shell.sendeof()
        shell.expect(pexpect.EOF)
    finally:
        shell.close(force=True)
    head, *frames = map(json.loads, (tmp_path / "session.cast").read_text().splitlines())
    assert head["version"] == 2
    assert "Signed in" in "".join(text for _, _, text in frames)
    assert [at for at, _, _ in frames] == sorted(at for at, _, _ in frames)
