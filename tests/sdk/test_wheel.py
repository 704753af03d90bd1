"""What the built package holds, in environments of its own: the client alone, and everything."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest

from ctfy import __version__
from tests.processes import PATIENCE_S, ROOT, free_port, wait_for

PROOF = """
import importlib.util, sys
import ctfy.sdk, ctfy.cli.player
loaded = [m for m in ("fastapi", "sqlalchemy", "procrastinate", "docker") if m in sys.modules]
present = [m for m in ("fastapi", "sqlalchemy", "procrastinate", "docker")
           if importlib.util.find_spec(m)]
print(ctfy.sdk.PlatformClient.__name__, loaded, present)
"""


# Each command that no client can run by itself, in one process: how it ends, and what it says.
WITHOUT_EXTRAS = """
import contextlib, io, json, sys
import typer
from ctfy.cli import operator, player, session

def leaves(command, words):
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
    else:
        for name, sub in inner.items():
            yield from leaves(sub, [*words, name])

found = {}
programs = {"ctfy": player.main, "ctfy-admin": operator.main}
CLIENT = [["server", "status"], ["server", "invite"]]
CLIENT += [["node", name] for name in ("list", "ls", "delete", "rm")]
for program, app in (("ctfy", player.app), ("ctfy-admin", operator.app)):
    for words, command in leaves(typer.main.get_command(app), []):
        speaks = words[0] == "admin" or words[:2] in CLIENT or words == ["login"]
        if speaks or program == "ctfy" and words != ["mcp"]:
            continue
        needed = ["file" for p in command.params if p.required and p.param_type_name == "argument"]
        needed += ["--yes" for p in command.params if "--yes" in p.opts]
        sys.argv = [program, *words, *needed]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                programs[program]()
            except SystemExit as ended:
                code = ended.code
        found[" ".join([program, *words])] = (code, err.getvalue())
print(json.dumps(found))
"""


def uv() -> str:
    return shutil.which("uv") or str(ROOT / ".env" / "uv" / "bin" / "uv")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_the_sql_of_the_revisions(wheel: Path) -> None:
    source = ROOT / "src"
    sql = {str(path.relative_to(source)) for path in source.rglob("*.sql")}
    assert sql
    assert sql <= set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def client(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the client alone."""
    return installed(wheel, "client", tmp_path_factory.mktemp("client"))


def installed(wheel: Path, extra: str, folder: Path) -> Path:
    """An empty environment that the wheel is installed into; where its programs are."""
    run(uv(), "venv", "--quiet", "--python", sys.executable, str(folder / "empty"))
    programs = folder / "empty" / "bin"
    python = str(programs / "python")
    run(uv(), "pip", "install", "--quiet", "--python", python, f"{wheel}[{extra}]")
    return programs


def alone(folder: Path, **more: str) -> dict[str, Any]:
    """How a program of that environment is run: in that folder, with nothing of ours around."""
    ours = ("PYTHONPATH", "CTFY_", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {"cwd": folder, "env": environment | {"CTFY_CONFIG_DIR": str(folder)} | more}


def test_the_client_installs_alone(client: Path, tmp_path: Path) -> None:
    """The built wheel with [client], in an empty environment."""
    command = [client / "python", "-c", PROOF]
    said = subprocess.run(command, check=True, capture_output=True, text=True, **alone(tmp_path))
    assert said.stdout.strip() == "PlatformClient [] []"
    assert run(str(client / "ctfy"), "--version").stdout.strip() == f"ctfy {__version__}"


def test_a_command_that_needs_an_extra_names_it(client: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("title: Cup")
    done = subprocess.run(
        [client / "python", "-c", WITHOUT_EXTRAS],
        check=True,
        capture_output=True,
        text=True,
        **alone(tmp_path, CTFY_TOKEN="pf_x", CTFY_URL="http://127.0.0.1:9"),
    )
    told = json.loads(done.stdout)
    assert len(told) > 20
    for words, (code, said) in told.items():
        (line,) = said.splitlines() or [""]
        if code == 0:  # it needs none, as `init`
            assert words in ("ctfy-admin init",), (words, line)
            continue
        assert code == 1, (words, line)
        extra = re.search(r"error: `.*` needs \w+, .*: ctfy\[(\w+)\]$", line)
        assert extra, (words, line)
        assert extra[1] in metadata.metadata("ctfy").get_all("Provides-Extra", [])


def test_everything_runs_from_a_wheel_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    programs = installed(wheel, "all", tmp_path)
    folder = tmp_path / "new"
    folder.mkdir()
    up = [str(programs / "ctfy-admin"), "up", "--provider", "sandbox", "--port", str(free_port())]
    log = tmp_path / "up.log"
    with log.open("w") as file:
        running = subprocess.Popen(
            up, stdout=file, stderr=file, **alone(folder, CTFY_PROCESSES="2")
        )
    try:
        wait_for("up", lambda: running.poll() is not None or "Ctrl-C stops" in log.read_text())
        shown = re.search(r"^  (CTFY_EMAIL=.*)$", log.read_text(), re.M)
        assert shown, log.read_text()
        how = alone(folder)
        played = subprocess.run(
            shown[1], shell=True, capture_output=True, text=True, timeout=PATIENCE_S, **how
        )
        assert played.stdout.splitlines()[-1:] == ["correct=True solved=True"], played
        url = shown[1].rpartition(" ")[2]
        assert "/assets/" in httpx.get(url).text  # the web interface
        assert {path.name for path in folder.iterdir()} == {"challenges", "data"}
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE_S) == 0, log.read_text()


def test_the_sdk_alone_loads_little() -> None:
    """What a script waits for at each start is what it loads."""
    counted = "import ctfy.sdk, sys; print(len(sys.modules))"
    assert int(run(sys.executable, "-c", counted).stdout) < 350
