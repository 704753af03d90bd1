"""The sample package: installed beside ctfy, it adds one of each kind; a broken one is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ctfy.sdk import CtfyApiError
from tests.conftest import ADMIN_EMAIL, Arena, lone_server, sign_in
from tests.processes import ADMIN, CHALLENGES, PATIENCE_S, ROOT

QUIZ = "question,answer\nWhich colour is the sky?,blue\nHow many legs has a spider?,8\n"
PALETTE = """\
name: Palette
description: Words and numbers.
difficulty: easy
category: misc
tags: [words]
questions:
  - id: word
    prompt: Which word is written in two ways?
    mode: spellings
    answers: [colour, color]
  - id: ratio
    prompt: How long is the way round a circle, in diameters?
    answer: 3.14159
    tolerance: 0.01
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sample is installed: what its wheel holds, as an installer would place it."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(ROOT / "examples" / "plugin", folder / "source")
    build = "from hatchling.build import build_wheel; print(build_wheel('..'))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True)
    (wheel,) = folder.glob("ctfy_sample-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def challenges(tmp_path: Path) -> Path:
    folder = tmp_path / "challenges"
    (folder / "palette").mkdir(parents=True)
    (folder / "palette" / "metadata.yaml").write_text(PALETTE)
    (folder / "palette" / "solve.py").write_text("print('word color')\nprint('3.14')\n")
    return folder


def ctfy_admin(
    site: Path, *arguments: str | Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ADMIN, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        env={
            **os.environ,
            "PYTHONPATH": str(site),
            "CTFY_CHALLENGES_DIR": str(CHALLENGES),
            **environment,
        },
    )


def test_its_question_mode_is_graded(site: Path, challenges: Path, tmp_path: Path) -> None:
    seen = ctfy_admin(site, "challenge", "smoke", "palette", "--challenges-dir", challenges)
    assert seen.stdout == "palette: solved without an instance\n", seen.stderr
    with (
        lone_server(tmp_path, CTFY_CHALLENGES_DIR=str(challenges), PYTHONPATH=str(site)) as url,
        sign_in(url, ADMIN_EMAIL) as admin,
    ):
        arena = Arena(url, admin)
        competition = arena.competition("palette")
        player = arena.registered(competition)
        word, ratio = player.challenges.get("palette").questions
        assert word.mode == "spellings"
        assert (word.input.kind, word.input.note) == ("text", "Any usual spelling counts.")
        assert (ratio.mode, ratio.input.kind) == ("numeric", "number")

        def submit(question: str, answer: str) -> tuple[bool, int | None]:
            graded = player.submissions.submit_qa(
                "palette", competition.id, answer, question_id=question
            )
            return graded.correct, graded.attempts_remaining

        assert submit("word", "coulour") == (False, 4)
        assert submit("word", " color ") == (True, 4)
        with pytest.raises(CtfyApiError) as refused:
            submit("ratio", "3,14")
        assert (refused.value.status_code, refused.value.code) == (422, "answer_malformed")
        assert submit("ratio", "3") == (False, 9)  # the refusal cost nothing
        assert submit("ratio", "314e-2") == (True, 9)
        assert player.challenges.get("palette").solved
        assert "leap_day" in {entry.id for entry in player.achievements.catalog()}
        caps = {one.key: one.value for one in admin.admin.settings.list()}["question_attempt_caps"]
        assert (caps["spellings"], caps["numeric"]) == (5, 10)


def test_its_provider_runs_instances(site: Path) -> None:
    arguments = ["challenge", "smoke", "notes", "--challenges-dir", CHALLENGES]
    named = [*arguments, "--provider", "small-sandbox"]
    seen = ctfy_admin(site, *named)
    assert seen.stdout.startswith("notes: two instances solved"), seen.stderr
    refused = ctfy_admin(site, *named, CTFY_NODE_SMALL_SANDBOX_MEMORY_MB="16")
    assert "gives no more than 16 MB" in refused.stdout + refused.stderr
    unknown = ctfy_admin(site, *arguments, "--provider", "magic")
    assert "use auto, docker, sandbox, small-sandbox" in unknown.stderr


def test_its_importer_brings_in_a_quiz(site: Path, tmp_path: Path) -> None:
    (tmp_path / "old" / "nature").mkdir(parents=True)
    (tmp_path / "old" / "nature" / "quiz.csv").write_text(QUIZ)
    brought = ctfy_admin(
        site, "challenge", "import", "quiz-csv", "--source", tmp_path / "old", "--out", tmp_path
    )
    assert brought.returncode == 0, brought.stderr
    assert "spider" in (tmp_path / "nature" / "metadata.yaml").read_text()


@pytest.mark.parametrize(
    ("group", "target", "reason", "command"),
    [
        ("ctfy.question_modes", "gone:Mode", "ModuleNotFoundError", "challenge list"),
        ("ctfy.question_modes", "ctfy.challenge.question:Question", "it lacks", "challenge list"),
        ("ctfy.question_modes", "json:loads", "it is no ctfy.challenge", "challenge list"),
        ("ctfy.question_modes", "ctfy.challenge.modes.static:MODE", "already", "challenge list"),
        ("ctfy.providers", "gone:Provider", "ModuleNotFoundError", "node join --provider gone"),
        ("ctfy.importers", "gone:IMPORTER", "ModuleNotFoundError", "challenge import gone"),
        ("ctfy.achievements", "gone:RULE", "ModuleNotFoundError", "server start"),
    ],
)
def test_a_broken_package_is_named_in_one_line(
    tmp_path: Path, group: str, target: str, reason: str, command: str
) -> None:
    package = tmp_path / "shaky-0.3.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shaky\nVersion: 0.3\n")
    (package / "entry_points.txt").write_text(f"[{group}]\nodd = {target}\n")
    ended = ctfy_admin(tmp_path, *command.split())
    assert ended.returncode == 1, ended
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"error: the plugin `odd` ({group}) of the package shaky 0.3: ")
    assert reason in line
